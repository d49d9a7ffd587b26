import type { Conversation, Message } from '@quicprochat/sdk';
import { find, type Person, type Said } from './person.ts';

/** One tab's view of the conversation. */
interface View {
  who: string;
  person: Person;
  /** Undefined if the tab does not have the conversation. */
  conversation: Conversation | undefined;
}

/**
 * Lists what has not settled yet. When a run has settled, every tab is online and in the same epoch, has sent and read
 * everything, and every call has ended.
 */
export function unsettled(people: readonly Person[], conversationId: string): string[] {
  const views = viewsOf(people, conversationId);
  const [first] = views;
  const end = Math.max(...views.map(({ conversation }) => readUpTo(conversation)));
  const offline = people.flatMap(({ handle, clients }) =>
    clients
      .filter(({ connection }) => connection !== 'online')
      .map(({ connection }) => `a tab of ${handle} is ${connection}`),
  );
  const calls = people.flatMap((person) => person.calls.map((call) => `${call} has not come to its end`));
  const told = people.flatMap((person) => untold(person, conversationId));
  return [
    ...offline,
    ...calls,
    ...told,
    ...views.flatMap((view) => unsettledIn(view, { first: first?.conversation, end })),
  ];
}

/** Tabs of one device must agree even on state that never reaches the log. */
function untold(person: Person, conversationId: string): string[] {
  const [newest, ...older] = viewsOf([person], conversationId).map(
    ({ conversation }) => conversation?.unread,
  );
  const behind = older.filter((unread) => unread !== newest);
  return behind.map((unread) => `an older tab of ${person.handle} counts ${unread} unread, not ${newest}`);
}

function unsettledIn(
  { who, conversation }: View,
  { first, end }: { first: Conversation | undefined; end: number },
): string[] {
  if (conversation === undefined) return [`${who} is not in the conversation`];
  const { waiting, trouble, epoch } = conversation;
  const found = waiting.map(({ kind, state }) => `a change of ${who} waits: ${kind}, ${state}`);
  if (trouble !== undefined) found.push(`${who} has trouble: ${trouble.code}`);
  if (authenticatorOf(conversation) !== authenticatorOf(first)) found.push(`${who} is in epoch ${epoch}`);
  if (readUpTo(conversation) !== end) found.push(`${who} has read up to ${readUpTo(conversation)} of ${end}`);
  return found;
}

/**
 * Checks a settled run. No acknowledged message may be lost, except in the history of a device that was put back. No message may be refused, shown twice, still queued or
 * undecryptable, and no cancelled one may be shown. Each sender's messages must be in order, and everyone must see the
 * same messages and be in the same epoch.
 *
 * @returns one sentence per violation
 */
export async function violations(people: readonly Person[], conversationId: string): Promise<string[]> {
  const said = people.flatMap((person) => person.said).filter((one) => one.conversationId === conversationId);
  const views = viewsOf(people, conversationId);
  const [first] = views;
  const found = said.flatMap(({ text, refusal }) =>
    refusal === undefined ? [] : [`“${text}” was refused: ${refusal}`],
  );
  let shownToFirst: string | undefined;
  for (const { who, person, conversation } of views) {
    if (conversation === undefined) {
      found.push(`${who} is not in the conversation`);
      continue;
    }
    if (authenticatorOf(conversation) !== authenticatorOf(first?.conversation))
      found.push(`${who} is in another epoch`);
    const lines = await conversation.history({ limit: 10_000 });
    const texts = textsOf(lines);
    const amissHere = [
      ...said.flatMap((one) =>
        amiss(one, texts, { isForgotten: person.wasPutBack && one.by === person.handle }),
      ),
      ...lines.flatMap((line) => amissIn(line, person)),
      ...people.flatMap(({ handle }) => disorder(handle, texts)),
    ];
    found.push(...amissHere.map((what) => `${who} ${what}`));
    if (person.wasPutBack) continue;
    const shown = [...texts].sort().join('\n');
    shownToFirst ??= shown;
    if (amissHere.length === 0 && shown !== shownToFirst)
      found.push(`${who} sees other messages than the first`);
  }
  return found;
}

/** @param isForgotten whether the device may have forgotten that it sent this */
function amiss(
  { text, outcome }: Said,
  texts: readonly string[],
  { isForgotten }: { isForgotten: boolean },
): string[] {
  const times = texts.filter((shown) => shown === text).length;
  if (times > 1) return [`sees “${text}” ${times} times`];
  if (times === 0 && outcome === 'sent' && !isForgotten)
    return [`does not see “${text}”, which was acknowledged`];
  if (times === 1 && (outcome === 'refused' || outcome === 'cancelled'))
    return [`sees “${text}”, which was ${outcome}`];
  return [];
}

function amissIn({ content, state }: Message, { wasPutBack }: Person): string[] {
  if (content.type === 'copied' && !wasPutBack) return ['believes in a copy of its storage'];
  if (content.type === 'undecryptable' && content.code === 'OWN_MESSAGE' && wasPutBack) return [];
  if (content.type === 'undecryptable') return [`cannot open a line: ${content.code}`];
  if (content.type === 'text' && state === 'queued') return [`sees “${content.text}” wait`];
  return [];
}

function disorder(handle: string, texts: readonly string[]): string[] {
  const numbers = texts
    .filter((text) => text.startsWith(`${handle} `))
    .map((text) => Number(text.split(' ')[1]));
  const isInOrder = numbers.every((number, at) => at === 0 || number >= (numbers[at - 1] ?? 0));
  return isInOrder ? [] : [`sees the messages of ${handle} in the order ${numbers.join(', ')}`];
}

/** Lists every tab's view, the newest tab of each person first and under the person's name. */
function viewsOf(people: readonly Person[], conversationId: string): View[] {
  return people.flatMap((person) => {
    const { handle, clients } = person;
    if (clients.length === 0) return [{ who: handle, person, conversation: undefined }];
    return clients
      .map((client, n) => {
        const age = clients.length - 1 - n;
        const who = age === 0 ? handle : `an older tab of ${handle}`;
        return { who, person, conversation: find(client, conversationId) };
      })
      .reverse();
  });
}

function authenticatorOf(view: Conversation | undefined): string | undefined {
  return view?.security.epochAuthenticator;
}

/** Returns the sequence of the newest receipt. Without one it is 1, the commit that added everyone. */
function readUpTo(view: Conversation | undefined): number {
  return view?.statement?.receipts.at(-1)?.sequence ?? 1;
}

/** The texts of a history, without own messages that failed. */
function textsOf(lines: readonly Message[]): string[] {
  return lines.flatMap(({ content, state }) =>
    content.type === 'text' && state !== 'failed' ? [content.text] : [],
  );
}
