import type { GroupId } from '@quicprochat/protocol';
import { groupOfCoreKey } from './core-keys.ts';

/** What a program that ended in the middle of a commit may have left of keys that are to be erased. */
export interface Leftovers {
  /** The keys of groups that are over. */
  over: string[];
  /** The groups that have several keys. Only the core can tell which one counts. */
  unclear: ReadonlySet<GroupId>;
}

/** @param keys those under which erasable keys are stored */
export function leftoversAmong(keys: readonly string[], isKnown: (groupId: GroupId) => boolean): Leftovers {
  const over: string[] = [];
  const seen = new Set<GroupId>();
  const unclear = new Set<GroupId>();
  for (const key of keys) {
    const group = groupOfCoreKey(key);
    if (group === undefined) continue;
    if (!isKnown(group)) over.push(key);
    else if (seen.has(group)) unclear.add(group);
    seen.add(group);
  }
  return { over, unclear };
}
