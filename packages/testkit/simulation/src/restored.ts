import type { Conversation } from '@quicprochat/sdk';
import { find, type Person, type Said } from './person.ts';

/**
 * What must hold of a conversation whose log has lost entries because the relay was restored from a backup. Members who
 * had read more than the relay has now cannot go on. They must be told so: the conversation has trouble, is stuck, or is
 * forked as soon as the new log shows that it differs from the old one. The others go on among themselves.
 */

/** How the relay refuses what is beyond its log. */
const REFUSALS: ReadonlySet<string> = new Set(['CURSOR_INVALID', 'FUTURE_EPOCH', 'NOT_AUTHORIZED']);

interface View {
  who: string;
  conversation: Conversation;
}

/** Lists what has not settled yet. */
export function unsettledSinceRestore(people: readonly Person[], conversationId: string): string[] {
  const views = viewsOf(people, conversationId);
  const offline = people.flatMap(({ handle, clients }) =>
    clients.flatMap(({ connection }) =>
      connection === 'online' ? [] : [`a tab of ${handle} is ${connection}`],
    ),
  );
  const calls = people.flatMap((person) => person.calls.map((call) => `${call} has not come to its end`));
  return [...offline, ...calls, ...views.flatMap(waitingIn), ...apart(views.filter(goesOn))];
}

/** Whoever goes on has sent all that waited. So has nobody else, but nothing waits in what is over. */
function waitingIn({ who, conversation: { waiting, state, trouble } }: View): string[] {
  if (trouble !== undefined && !REFUSALS.has(trouble.code))
    return [`${who} has trouble: ${trouble.code}, ${trouble.message}`];
  if (state === 'active' && trouble !== undefined) return [];
  return waiting.map(
    ({ kind }) => `a change of ${who} waits: ${kind}, although the conversation is ${state}`,
  );
}

/** Those who go on must be in one epoch, and have read as much as one another. */
function apart(views: readonly View[]): string[] {
  const places = views.map(({ conversation: { security, statement, epoch } }) => ({
    is: `${security.epochAuthenticator} ${statement?.receipts.at(-1)?.sequence ?? 1}`,
    shows: `epoch ${epoch}, entry ${statement?.receipts.at(-1)?.sequence ?? 1}`,
  }));
  const isOne = places.every(({ is }) => is === places[0]?.is);
  return isOne ? [] : views.map(({ who }, n) => `${who} goes on from ${places[n]?.shows}`);
}

/** Checks what has settled: nothing is shown twice, and nothing of what is shown was cancelled or refused. */
export async function violationsSinceRestore(
  people: readonly Person[],
  conversationId: string,
): Promise<string[]> {
  const said = people.flatMap((person) => person.said).filter((one) => one.conversationId === conversationId);
  const found = viewsOf(people, conversationId).map(async ({ who, conversation }) => {
    const lines = await conversation.history({ limit: 10_000 });
    const texts = lines.flatMap(({ content, state }) =>
      content.type === 'text' && state !== 'failed' ? [content.text] : [],
    );
    return said.flatMap((one) => amiss(one, texts)).map((what) => `${who} ${what}`);
  });
  return (await Promise.all(found)).flat();
}

function amiss({ text, outcome }: Said, texts: readonly string[]): string[] {
  const times = texts.filter((shown) => shown === text).length;
  if (times > 1) return [`sees “${text}” ${times} times`];
  return times === 1 && outcome === 'cancelled' ? [`sees “${text}”, which was cancelled`] : [];
}

function goesOn({ conversation: { state, trouble } }: View): boolean {
  return state === 'active' && trouble === undefined;
}

/** Every tab's view. A guest who is not in the conversation has none. */
function viewsOf(people: readonly Person[], conversationId: string): View[] {
  return people.flatMap(({ handle, clients }) =>
    clients.flatMap((client) => {
      const conversation = find(client, conversationId);
      return conversation === undefined ? [] : [{ who: handle, conversation }];
    }),
  );
}
