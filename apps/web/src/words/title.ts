import type { Member } from '@quicprochat/sdk';

/** What a conversation is called here: its name, or else the people in it. */
export function titleOf({ name, members }: { name: string; members: readonly Member[] }): string {
  if (name.trim() !== '') return name;
  const others = handlesOf(members.filter(({ own }) => !own));
  if (others.length > 0) return others.join(', ');
  // Of a conversation that has ended, the members are not known any more.
  return members.length > 0 ? 'Only you' : 'Conversation';
}

/** The people behind a list of devices, each once. */
export function handlesOf(members: readonly Member[]): string[] {
  return [...new Set(members.map(({ handle }) => handle))];
}
