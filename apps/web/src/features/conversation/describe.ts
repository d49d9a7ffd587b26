import type { ConversationSnapshot } from '@quicprochat/react';
import type { Content, ConversationState, Message } from '@quicprochat/sdk';
import { isolated } from '../../parts/visible.ts';

type Undecryptable = Extract<Content, { type: 'undecryptable' }>;

/** Why something cannot be opened, as far as a person can do anything with it. Other codes have the general sentence. */
const UNDECRYPTABLE: Partial<Record<Undecryptable['code'], string>> = {
  EPOCH_TOO_OLD: 'A message came too late: the keys for it are already destroyed here. Ask for it again.',
  GENERATION_TOO_FAR: 'A message cannot be opened because too many before it are missing. Ask for it again.',
  REPLAYED: 'A message that was here before came a second time, and was refused.',
  DECRYPT_FAILED:
    'A message does not open with this conversation’s keys: it was damaged or forged on the way.',
  CREDENTIAL_REJECTED: 'Something was refused because its sender could not prove who they are.',
  POLICY_REJECTED: 'A change was refused because its sender may not make it.',
  UNSUPPORTED_CONTENT:
    'A message is of a kind that this version does not know. Update to read such messages.',
  MALFORMED_CONTENT: 'A message opened, but what is inside makes no sense.',
};

const UNDECRYPTABLE_OTHERWISE =
  'Something here cannot be opened on this device. The conversation goes on without it.';

/** What it means that a conversation is not active, and what can be done. */
export const ENDED: Record<Exclude<ConversationState, 'active'>, { title: string; text: string }> = {
  leaving: {
    title: 'You are leaving',
    text: 'Another member’s device confirms it as soon as it is online. Nothing more can be sent from here.',
  },
  left: {
    title: 'You left this conversation',
    text: 'What was written until then stays on this device. To come back, somebody has to add you again.',
  },
  removed: {
    title: 'You were removed from this conversation',
    text: 'You cannot send here, and later messages are not readable for you. The history until then stays.',
  },
  stuck: {
    title: 'This device lost track of the conversation',
    text: 'It could not follow a change that the others made. Ask a member to remove and add you again; the history stays.',
  },
  forked: {
    title: 'The relay cannot be trusted with this conversation',
    text: 'It has shown two different logs and signed for both. Nothing more is taken from it; the history until then stays.',
  },
};

/** A line that nobody wrote, as a sentence. `self` is one's own handle. */
export function describe(content: Exclude<Content, { type: 'text' }>, from: string, self: string): string {
  switch (content.type) {
    case 'members-added':
      return `${subject(from, self)} added ${names(content.handles, self)}`;
    case 'members-removed':
      return `${subject(from, self)} removed ${names(content.handles, self)}`;
    case 'left':
      return `${subject(content.handle, self)} left`;
    case 'renamed':
      return content.name === ''
        ? `${subject(from, self)} took the name away`
        : `${subject(from, self)} named the conversation “${isolated(content.name)}”`;
    case 'healed':
      return `${subject(content.handle, self)} renewed ${content.handle === self ? 'your' : 'their'} keys`;
    case 'undecryptable':
      return UNDECRYPTABLE[content.code] ?? UNDECRYPTABLE_OTHERWISE;
  }
}

/** Several renewals in a row, as one sentence. */
export function describeHealed(handles: readonly string[], self: string): string {
  const [only] = handles;
  if (handles.length === 1 && only !== undefined)
    return describe({ type: 'healed', handle: only }, only, self);
  return `${capitalised(names(handles, self))} renewed their keys`;
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
  if (content.type !== 'text') return describe(content, from, self);
  // The list shows one line; a text of 64 KiB is not laid out for it.
  return `${own ? 'You' : isolated(from)}: ${isolated(content.text.slice(0, PREVIEW_LENGTH).replaceAll(/\s+/g, ' '))}`;
}

/** `alice`, `alice and bob`, `alice, bob and you` */
function names(handles: readonly string[], self: string): string {
  const words = handles.filter((handle) => handle !== self).map(isolated);
  if (words.length < handles.length) words.push('you');
  const last = words.at(-1) ?? 'nobody';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} and ${last}`;
}

function subject(handle: string, self: string): string {
  if (handle === '') return 'Somebody';
  return handle === self ? 'You' : isolated(handle);
}

function capitalised(text: string): string {
  return text.startsWith('you') ? `Y${text.slice(1)}` : text;
}
