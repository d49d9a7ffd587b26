import type { ConversationSnapshot } from '@quicprochat/react';
import { isolated, type Content, type ConversationState, type Message } from '@quicprochat/sdk';

type Undecryptable = Extract<Content, { type: 'undecryptable' }>;

/** A line of the history that nobody wrote: what it says, and who did it. */
export interface Notice {
  content: Exclude<Content, { type: 'text' }>;
  /** Handle of the person who acted; empty if nobody knows. */
  from: string;
  /** Whether that was this account. */
  own: boolean;
}

/** Why something could not be opened, and what to do. Other codes get the general sentence. */
const UNDECRYPTABLE: Partial<Record<Undecryptable['code'], string>> = {
  EPOCH_TOO_OLD:
    'A message arrived too late: this device has already deleted the keys for it. Ask the sender to send it again.',
  GENERATION_TOO_FAR:
    'A message could not be opened because too many earlier ones are missing. Ask the sender to send it again.',
  REPLAYED: 'A message that you already have arrived again. It was ignored.',
  DECRYPT_FAILED: 'A message could not be opened: it was damaged or forged on the way.',
  CREDENTIAL_REJECTED: 'Something was rejected because its sender could not prove who they are.',
  POLICY_REJECTED: 'A change was rejected because its sender is not allowed to make it.',
  OWN_MESSAGE: 'A message from this device stands here, and this device no longer has its text.',
  UNSUPPORTED_CONTENT: 'This version cannot show this kind of message. Update the app to read it.',
  MALFORMED_CONTENT: 'A message was opened, but its content is damaged. Ask the sender to send it again.',
};

const COPIED =
  'This device’s storage was put back to an earlier state, or a copy of it is in use. This device renews its keys before it sends anything here.';

const UNDECRYPTABLE_OTHERWISE =
  'Something could not be opened on this device. The rest of the conversation is not affected.';

/** What it means that a conversation is not active, and what can be done. */
export const ENDED: Record<Exclude<ConversationState, 'active'>, { title: string; text: string }> = {
  leaving: {
    title: 'You are leaving',
    text: 'You are out as soon as another member’s device confirms it. You cannot send messages here any more.',
  },
  left: {
    title: 'You left this conversation',
    text: 'The history up to then stays on this device. To come back, ask a member to add you again.',
  },
  removed: {
    title: 'You were removed from this conversation',
    text: 'You cannot send messages here or read later ones. The history up to then stays on this device.',
  },
  stuck: {
    title: 'This device lost track of the conversation',
    text: 'It could not process a change that the other members made. Ask a member to remove you and add you again. The history stays.',
  },
  forked: {
    title: 'The relay cannot be trusted with this conversation',
    text: 'It signed two different logs of it. This device takes nothing more from it. The history up to then stays.',
  },
};

/** A notice as a sentence. It names the person who acted; if that is unknown, it says only what happened. */
export function describe({ content, from, own }: Notice, self: string): string {
  const actor = own ? self : from;
  switch (content.type) {
    case 'members-added':
      return describeChange('added', content.handles, actor, self);
    case 'members-removed':
      return describeChange('removed', content.handles, actor, self);
    case 'left':
      return `${names([content.handle], self, 'start')} left`;
    case 'renamed':
      return describeName(content.name, actor, self);
    case 'healed':
      return describeHealed([content.handle], self);
    case 'copied':
      return COPIED;
    case 'undecryptable':
      return UNDECRYPTABLE[content.code] ?? UNDECRYPTABLE_OTHERWISE;
  }
}

/** Several renewals in a row, as one sentence. */
export function describeHealed(handles: readonly string[], self: string): string {
  const onlySelf = handles.every((handle) => handle === self);
  return `${names(handles, self, 'start')} renewed ${onlySelf ? 'your' : 'their'} keys`;
}

/** Characters of a message that the list takes; more than fit on the widest line. */
const PREVIEW_LENGTH = 200;

/** What the list shows under the title. */
export function previewOf({ state, lastMessage, members }: ConversationSnapshot): string {
  if (state !== 'active') return ENDED[state].title;
  if (lastMessage === undefined) return 'No messages yet';
  const self = members.find(({ own }) => own)?.handle ?? '';
  return previewOfMessage(lastMessage, self);
}

function previewOfMessage({ content, from, own }: Message, self: string): string {
  if (content.type !== 'text') return describe({ content, from, own }, self);
  // The list shows one line; a text of 64 KiB is not laid out for it.
  const text = content.text.slice(0, PREVIEW_LENGTH).replaceAll(/\s+/g, ' ');
  return `${own ? 'You' : isolated(from)}: ${isolated(text)}`;
}

function describeChange(
  verb: 'added' | 'removed',
  handles: readonly string[],
  actor: string,
  self: string,
): string {
  if (actor !== '') {
    const isReflexive = handles.length === 1 && handles[0] === actor;
    const reflexive = actor === self ? 'yourself' : 'themselves';
    return `${names([actor], self, 'start')} ${verb} ${isReflexive ? reflexive : names(handles, self)}`;
  }
  const isOne = handles.length === 1 && handles[0] !== self;
  return `${names(handles, self, 'start')} ${isOne ? 'was' : 'were'} ${verb}`;
}

function describeName(name: string, actor: string, self: string): string {
  if (actor === '')
    return name === ''
      ? 'The conversation’s name was removed'
      : `The conversation was named “${isolated(name)}”`;
  return name === ''
    ? `${names([actor], self, 'start')} removed the conversation’s name`
    : `${names([actor], self, 'start')} named the conversation “${isolated(name)}”`;
}

/** `alice`, `alice and bob`, `you, alice and bob`; at the start of a sentence `You, alice and bob`. */
export function names(
  handles: readonly string[],
  self: string,
  place: 'start' | 'inside' = 'inside',
): string {
  const others = handles.filter((handle) => handle !== self).map(named);
  const words = others.length < handles.length ? ['you', ...others] : others;
  const start = place === 'start' ? words[0] : undefined;
  // Handles keep their case: only our own words begin with a capital letter.
  if (start === 'you' || start === 'someone') words[0] = start.charAt(0).toUpperCase() + start.slice(1);
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

/** Words of ours that somebody may have chosen as a handle. Quoted, they cannot be taken for ours. */
const OUR_WORDS: readonly string[] = ['you', 'someone', 'yourself', 'themselves'];

function named(handle: string): string {
  if (handle === '') return 'someone';
  return OUR_WORDS.includes(handle) ? `“${isolated(handle)}”` : isolated(handle);
}
