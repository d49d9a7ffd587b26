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
export function unsettled(everybody: readonly Person[], conversationId: string): string[] {
  const people = everybody.filter(({ isHostile }) => !isHostile);
  const views = viewsOf(people, conversationId).filter((view) => !isLeftBehind(view));
  const regulars = views.filter(({ person }) => !person.isGuest);
  const guests = views.filter(({ person }) => person.isGuest);
  const [first] = regulars;
  const end = Math.max(...regulars.map(({ conversation }) => readUpTo(conversation)));
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
    ...regulars.flatMap((view) => unsettledIn(view, { first: first?.conversation, end })),
    ...guests.flatMap((view) => unsettledGuest(view, { first: first?.conversation, end })),
  ];
}

/** A guest must have heard whether the others have it in the group, and then have settled like them. */
function unsettledGuest(view: View, others: { first: Conversation | undefined; end: number }): string[] {
  const { who, person, conversation } = view;
  const isMember = others.first?.members.list().some(({ handle }) => handle === person.handle) ?? false;
  const believesSo = conversation?.state === 'active';
  if (believesSo !== isMember)
    return [`${who} is ${isMember ? '' : 'not '}a member, and ${conversation?.state}`];
  return isMember ? unsettledIn(view, others) : [];
}

/** Whether the device waits to be added to the conversation again, as a clone or an erased key can leave it. It must say so, and have nothing that waits. */
function isLeftBehind({ person, conversation }: View): boolean {
  const isStuck = conversation?.state === 'stuck' && conversation.waiting.length === 0;
  return person.canBeLeftBehind && !person.rescued.has(conversation?.id ?? '') && isStuck;
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
  { who, person, conversation }: View,
  { first, end }: { first: Conversation | undefined; end: number },
): string[] {
  if (conversation === undefined) return [`${who} is not in the conversation`];
  const { waiting, trouble, epoch } = conversation;
  const found = waiting.map(({ kind, state }) => `a change of ${who} waits: ${kind}, ${state}`);
  if (trouble !== undefined) found.push(`${who} has trouble: ${trouble.code}, ${trouble.message}`);
  if (authenticatorOf(conversation) !== authenticatorOf(first)) found.push(`${who} is in epoch ${epoch}`);
  // Whoever was just added has no receipt before the next entry.
  const isNew = person.isGuest && (conversation.statement?.receipts ?? []).length === 0;
  if (!isNew && readUpTo(conversation) !== end)
    found.push(`${who} has read up to ${readUpTo(conversation)} of ${end}`);
  return found;
}

/** One tab's view, with its history. */
interface Shown {
  who: string;
  person: Person;
  conversation: Conversation;
  lines: readonly Message[];
  texts: readonly string[];
}

/**
 * Checks a settled run. No acknowledged message may be lost. No message may be refused, shown twice, still queued or
 * undecryptable, and no cancelled one may be shown. Each sender's messages must be in order, and everyone must see the
 * same messages and be in the same epoch.
 *
 * A device that was put back or cloned may not know what was sent in its name since. What a clone sent may be lost, or
 * come late: what the device shows as sent must be with everybody. A device that was added again has missed some.
 *
 * @returns one sentence per violation
 */
export async function violations(everybody: readonly Person[], conversationId: string): Promise<string[]> {
  const people = everybody.filter(({ isHostile }) => !isHostile);
  const isHarmed = people.length < everybody.length;
  const said = people.flatMap((person) => person.said).filter((one) => one.conversationId === conversationId);
  const views = viewsOf(people, conversationId);
  const shown = await Promise.all(
    views.flatMap(({ conversation, ...view }) =>
      conversation === undefined ? [] : shownIn({ ...view, conversation }),
    ),
  );
  const found = [
    ...views.flatMap(({ who, person, conversation }) =>
      conversation === undefined && !person.isGuest ? [`${who} is not in the conversation`] : [],
    ),
    ...people.flatMap((sender) => refused(sender, said)),
  ];
  let shownToFirst: string | undefined;
  for (const view of shown) {
    const amissHere = amissTo(view, { said, shown, people, isHarmed });
    found.push(...amissHere.map((what) => `${view.who} ${what}`));
    if (view.person.wasPutBack || view.person.wasCloned || view.person.isGuest) continue;
    const texts = [...view.texts].sort().join('\n');
    shownToFirst ??= texts;
    if (amissHere.length === 0 && texts !== shownToFirst)
      found.push(`${view.who} sees other messages than the first`);
  }
  return found;
}

/** Lists what was refused. A guest’s message may be, because the guest is out. What is too long must be. */
function refused({ handle, isGuest }: Person, said: readonly Said[]): string[] {
  return said.flatMap(({ by, text, refusal, outcome, isTooLong = false }) => {
    if (by !== handle) return [];
    if (isTooLong && outcome === 'sent') return [`${quoted(text)} is too long, and was sent`];
    const isExpected =
      refusal === undefined ||
      (isTooLong ? refusal === 'MESSAGE_TOO_LARGE' : isGuest && refusal === 'CONVERSATION_ENDED');
    return isExpected ? [] : [`${quoted(text)} was refused: ${refusal}`];
  });
}

/** The longest part of a text that is quoted. */
const MOST_QUOTED = 40;

function quoted(text: string): string {
  return text.length > MOST_QUOTED ? `“${text.slice(0, MOST_QUOTED)}…”` : `“${text}”`;
}

/** Lists the devices that sealed messages although they had found that a copy uses the same keys. */
export function sealedLate(people: readonly Pick<Person, 'handle' | 'postedLate'>[]): string[] {
  return people
    .filter(({ postedLate }) => postedLate > 0)
    .map(
      ({ handle, postedLate }) =>
        `${handle} sealed ${postedLate} messages under keys that a copy was known to use`,
    );
}

export function intrusions(people: readonly Pick<Person, 'handle' | 'intrusions'>[]): string[] {
  return people.flatMap(({ handle, intrusions }) => intrusions.map((what) => `${handle}: ${what}`));
}

/** Counts the messages that somebody who was never cloned could not open: a copy had used their keys. */
export async function unopened(people: readonly Person[]): Promise<number> {
  const client = people.find(({ wasCloned }) => !wasCloned)?.clients[0];
  const histories = client?.conversations
    .list()
    .map((conversation) => conversation.history({ limit: 10_000 }));
  return (await Promise.all(histories ?? [])).flat().filter(isReplay).length;
}

async function shownIn(view: Omit<Shown, 'lines' | 'texts'>): Promise<Shown> {
  const lines = await view.conversation.history({ limit: 10_000 });
  return { ...view, lines, texts: textsOf(lines) };
}

function amissTo(
  { person, conversation, lines, texts }: Shown,
  {
    said,
    shown,
    people,
    isHarmed,
  }: { said: readonly Said[]; shown: readonly Shown[]; people: readonly Person[]; isHarmed: boolean },
): string[] {
  const isOut = person.isGuest && conversation.state !== 'active';
  const isElsewhere = !isOut && authenticatorOf(conversation) !== authenticatorOf(shown[0]?.conversation);
  const isAware = person.wasPutBack || person.wasCloned;
  const isAnyCopied = people.some(({ wasCloned, wasPutBack }) => wasCloned || wasPutBack);
  const isRescued = person.isGuest || person.rescued.has(conversation.id);
  return [
    ...(isElsewhere ? ['is in another epoch'] : []),
    ...said.flatMap((one) => {
      const hasMissed = isRescued || (isAware && one.by === person.handle);
      return amiss(one, texts, { isDue: !hasMissed && isDue(one, { shown, people }) });
    }),
    ...lines.flatMap((line) => amissIn(line, { isAware, isAnyCopied, isRescued, isHarmed })),
    ...people.flatMap((sender) => disorder(sender, texts)),
  ];
}

/** Whether everybody must have a message. Of a device that was cloned, its history decides: a clone's call may have said so. */
function isDue(
  { by, text, outcome }: Said,
  { shown, people }: { shown: readonly Shown[]; people: readonly Person[] },
): boolean {
  if (!people.some(({ handle, wasCloned }) => handle === by && wasCloned)) return outcome === 'sent';
  const own = shown.find(({ person }) => person.handle === by);
  return (
    own?.lines.some(
      ({ content, state }) => state === 'sent' && content.type === 'text' && content.text === text,
    ) ?? false
  );
}

/** @param isDue whether it must be there */
function amiss({ text, outcome }: Said, texts: readonly string[], { isDue }: { isDue: boolean }): string[] {
  const times = texts.filter((shown) => shown === text).length;
  if (times > 1) return [`sees ${quoted(text)} ${times} times`];
  if (times === 0 && isDue) return [`does not see ${quoted(text)}, which was acknowledged`];
  if (times === 1 && (outcome === 'refused' || outcome === 'cancelled'))
    return [`sees ${quoted(text)}, which was ${outcome}`];
  return [];
}

/**
 * @param known whether the device knows that it was put back or cloned, whether anybody’s was, and whether this
 *   device was added to the conversation again; and whether a hostile member posts what nobody can open
 */
function amissIn(
  line: Message,
  {
    isAware,
    isAnyCopied,
    isRescued,
    isHarmed,
  }: { isAware: boolean; isAnyCopied: boolean; isRescued: boolean; isHarmed: boolean },
): string[] {
  const { content, state } = line;
  // A hostile member can bring what a device has sent in this epoch once more, and a copy would have sent no less.
  if (content.type === 'copied') return isAware || isHarmed ? [] : ['believes in a copy of its storage'];
  if (content.type === 'text' && state === 'queued') return [`sees ${quoted(content.text)} wait`];
  if (content.type !== 'undecryptable') return [];
  const isExpected =
    isHarmed ||
    (isAware && content.code === 'OWN_MESSAGE') ||
    (isRescued && content.code === 'CANNOT_FOLLOW') ||
    // Of a storage that was put back, too: what it had sent before can reach the relay after its next client has read the log.
    (isAnyCopied && isReplay(line));
  return isExpected ? [] : [`cannot open a line: ${content.code}`];
}

function isReplay({ content }: Message): boolean {
  return content.type === 'undecryptable' && content.code === 'REPLAYED';
}

/**
 * Whether a sender's messages stand in order. What a clone sent, and what is sent again because of it, can come late. So
 * can what was cancelled, if the storage is put back to before that, and what a tab had not stored when it was frozen.
 */
function disorder(
  { handle, said, wasCloned, inOrderFrom = Infinity }: Person,
  texts: readonly string[],
): string[] {
  const late = new Set(said.filter(({ mayComeLate }) => mayComeLate).map(({ text }) => text));
  const numbers = texts
    .filter((text) => text.startsWith(`${handle} `) && !late.has(text))
    .map((text) => Number(text.split(' ')[1]))
    .filter((number) => !wasCloned || number >= inOrderFrom);
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
