import type { Conversation } from '@quicprochat/sdk';
import { find, type Person, type Said } from './person.ts';

/** What has not settled yet: everyone is to be online, to have sent and read everything, and to be in one epoch. */
export function unsettled(people: readonly Person[], conversationId: string): string[] {
  const views = people.map((person) => viewOf(person, conversationId));
  const [first] = views;
  const end = Math.max(...views.map(readUpTo));
  return people.flatMap((person, n) => {
    const view = views[n];
    if (view === undefined) return [`${person.handle} is not in the conversation`];
    const found = person.clients
      .filter(({ connection }) => connection !== 'online')
      .map(({ connection }) => `a tab of ${person.handle} is ${connection}`);
    for (const { kind, state } of view.waiting)
      found.push(`a change of ${person.handle} waits: ${kind}, ${state}`);
    if (view.trouble !== undefined) found.push(`${person.handle} has trouble: ${view.trouble.code}`);
    if (authenticatorOf(view) !== authenticatorOf(first))
      found.push(`${person.handle} is in epoch ${view.epoch}`);
    if (readUpTo(view) !== end) found.push(`${person.handle} has read up to ${readUpTo(view)} of ${end}`);
    return found;
  });
}

/**
 * What must hold when all has settled: nothing acknowledged is lost, nothing is shown twice, each sender's messages stand
 * in the order in which they were said, and everyone is in the same epoch.
 *
 * @returns what does not hold, in sentences
 */
export async function violations(people: readonly Person[], conversationId: string): Promise<string[]> {
  const found: string[] = [];
  const said = people.flatMap((person) => person.said);
  for (const person of people) {
    const view = viewOf(person, conversationId);
    if (view === undefined) {
      found.push(`${person.handle} is not in the conversation`);
      continue;
    }
    const [first] = people.map((other) => viewOf(other, conversationId));
    if (authenticatorOf(view) !== authenticatorOf(first)) found.push(`${person.handle} is in another epoch`);
    const texts = await textsOf(view);
    found.push(...said.flatMap((one) => amiss(one, texts).map((what) => `${person.handle} ${what}`)));
    for (const other of people) {
      const numbers = texts
        .filter((text) => text.startsWith(`${other.handle} `))
        .map((text) => Number(text.split(' ')[1]));
      if (numbers.some((number, at) => at > 0 && number < (numbers[at - 1] ?? 0)))
        found.push(
          `${person.handle} sees the messages of ${other.handle} in the order ${numbers.join(', ')}`,
        );
    }
  }
  return found;
}

function amiss({ text, outcome }: Said, texts: readonly string[]): string[] {
  const times = texts.filter((shown) => shown === text).length;
  if (times > 1) return [`sees “${text}” ${times} times`];
  if (times === 0 && outcome === 'sent') return [`does not see “${text}”, which was acknowledged`];
  return [];
}

function viewOf({ clients }: Person, conversationId: string): Conversation | undefined {
  const client = clients.at(-1);
  return client && find(client, conversationId);
}

function authenticatorOf(view: Conversation | undefined): string | undefined {
  return view?.security.epochAuthenticator;
}

/** The last place in the log that a reader has the relay's signature for. The first entry is the commit that brought all in. */
function readUpTo(view: Conversation | undefined): number {
  return view?.statement?.receipts.at(-1)?.sequence ?? 1;
}

/** What is shown as said: own messages that failed are not. */
async function textsOf(view: Conversation): Promise<string[]> {
  const lines = await view.history({ limit: 10_000 });
  return lines.flatMap(({ content, state }) =>
    content.type === 'text' && state !== 'failed' ? [content.text] : [],
  );
}
