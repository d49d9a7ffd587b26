import type { Conversation, Message } from '@quicprochat/sdk';
import { find, type Person, type Said } from './person.ts';

/** A conversation as one tab has it. */
interface View {
  who: string;
  /** Undefined if that tab does not have it. */
  conversation: Conversation | undefined;
}

/** What has not settled yet: every tab is to be online, to have sent and read everything, to have
 * answered every call, and to be in one epoch. */
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

/** Tabs of one device are to show the same also of what only the device knows. */
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
 * What must hold when all has settled: nothing acknowledged is lost, nothing that was cancelled or refused is shown,
 * nothing is refused without a reason, nothing is shown twice, waits still or cannot be opened, each sender's messages
 * stand in the order in which they were said, all show the same, and everyone is in the same epoch.
 *
 * @returns what does not hold, in sentences
 */
export async function violations(people: readonly Person[], conversationId: string): Promise<string[]> {
  const said = people.flatMap((person) => person.said);
  const views = viewsOf(people, conversationId);
  const [first] = views;
  const found = said.flatMap(({ text, refusal }) =>
    refusal === undefined ? [] : [`“${text}” was refused: ${refusal}`],
  );
  let shownToFirst: string | undefined;
  for (const { who, conversation } of views) {
    if (conversation === undefined) {
      found.push(`${who} is not in the conversation`);
      continue;
    }
    if (authenticatorOf(conversation) !== authenticatorOf(first?.conversation))
      found.push(`${who} is in another epoch`);
    const lines = await conversation.history({ limit: 10_000 });
    const texts = textsOf(lines);
    const amissHere = [
      ...said.flatMap((one) => amiss(one, texts)),
      ...lines.flatMap(amissIn),
      ...people.flatMap(({ handle }) => disorder(handle, texts)),
    ];
    found.push(...amissHere.map((what) => `${who} ${what}`));
    const shown = [...texts].sort().join('\n');
    shownToFirst ??= shown;
    if (amissHere.length === 0 && shown !== shownToFirst)
      found.push(`${who} sees other messages than the first`);
  }
  return found;
}

function amiss({ text, outcome }: Said, texts: readonly string[]): string[] {
  const times = texts.filter((shown) => shown === text).length;
  if (times > 1) return [`sees “${text}” ${times} times`];
  if (times === 0 && outcome === 'sent') return [`does not see “${text}”, which was acknowledged`];
  if (times === 1 && (outcome === 'refused' || outcome === 'cancelled'))
    return [`sees “${text}”, which was ${outcome}`];
  return [];
}

function amissIn({ content, state }: Message): string[] {
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

/** The newest tab of each person goes by its person's name. */
function viewsOf(people: readonly Person[], conversationId: string): View[] {
  return people.flatMap(({ handle, clients }) => {
    if (clients.length === 0) return [{ who: handle, conversation: undefined }];
    return clients
      .map((client, n) => {
        const age = clients.length - 1 - n;
        const who = age === 0 ? handle : `an older tab of ${handle}`;
        return { who, conversation: find(client, conversationId) };
      })
      .reverse();
  });
}

function authenticatorOf(view: Conversation | undefined): string | undefined {
  return view?.security.epochAuthenticator;
}

/** The last place in the log that a reader has the relay's signature for. The first entry is the commit that brought all in. */
function readUpTo(view: Conversation | undefined): number {
  return view?.statement?.receipts.at(-1)?.sequence ?? 1;
}

/** What is shown as said: own messages that failed are not. */
function textsOf(lines: readonly Message[]): string[] {
  return lines.flatMap(({ content, state }) =>
    content.type === 'text' && state !== 'failed' ? [content.text] : [],
  );
}
