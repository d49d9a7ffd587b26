import { countsAsUnread, type ConversationSnapshot, type MessagesSnapshot } from '@quicprochat/react';

interface Reading {
  snapshot: Pick<ConversationSnapshot, 'readPosition' | 'unread'>;
  /** The loaded part of the history. */
  loaded: Pick<MessagesSnapshot, 'messages' | 'firstUnread'>;
  /** Positions of the messages that have been on the screen. */
  seen: ReadonlySet<number>;
}

export interface ReadProgress {
  /** Everything up to here was read. Never before the conversation's own `readPosition`. */
  position: number;
  /** The first message that was not: a position, or where it is if it is not loaded. Undefined if there is none. */
  next: number | 'above' | undefined;
}

/**
 * How far a person has read. It goes on only while no unread message has been left out, because the conversation keeps
 * one position and not a set: a message that was jumped over stays unread.
 */
export function readProgress({ snapshot, loaded, seen }: Reading): ReadProgress {
  const { readPosition, unread } = snapshot;
  const later = loaded.messages.filter(({ position }) => position > readPosition);
  if (isAnyUnreadAbove(loaded, readPosition, later.filter(countsAsUnread).length, unread)) {
    return { position: readPosition, next: 'above' };
  }
  const next = later.find((message) => countsAsUnread(message) && !seen.has(message.position))?.position;
  const read = later.findLast(({ position }) => next === undefined || position < next);
  return { position: Math.max(readPosition, read?.position ?? 0), next };
}

/** Whether unread messages come before the loaded part. */
function isAnyUnreadAbove(
  { messages, firstUnread }: Reading['loaded'],
  readPosition: number,
  loadedUnread: number,
  unread: number,
): boolean {
  const first = messages[0]?.position;
  if (first === undefined) return unread > 0;
  // The window looked for the first unread message when it was placed: what comes before that counts as nothing.
  return first > Math.max(readPosition + 1, firstUnread ?? 0) && loadedUnread < unread;
}
