import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import type { ConversationSnapshot, MessagesSnapshot } from '@quicprochat/react';
import { isPageInSight, messageElements, onSightChange, positionOf, positionsInView } from './on-screen.ts';
import { readProgress } from './read-progress.ts';

/**
 * Marks as read what has been on the screen, and nothing else: messages in the visible part of the log, in a page that
 * is in front. `look` has to be called after each scrolling and each change of the lines. `unreadAbove` tells whether
 * unread messages were jumped over.
 */
export function useMarkRead(
  log: RefObject<HTMLElement | null>,
  snapshot: ConversationSnapshot,
  loaded: Pick<MessagesSnapshot, 'messages' | 'firstUnread'>,
): { look: () => void; unreadAbove: boolean } {
  const { conversation, readPosition, unread } = snapshot;
  const { messages, firstUnread } = loaded;
  const [unreadAbove, setUnreadAbove] = useState(false);
  const seen = useRef(new Set<number>());
  const isMarking = useRef(false);
  const latest = useRef<() => void>(undefined);

  const look = useCallback(() => {
    const element = log.current;
    if (element === null || messages.length === 0 || !isPageInSight()) return;
    for (const position of positionsInView(element)) seen.current.add(position);
    const { position, next } = readProgress({
      snapshot: { readPosition, unread },
      loaded: { messages, firstUnread },
      seen: seen.current,
    });
    setUnreadAbove(next === 'above' || (next !== undefined && isAbove(element, next)));
    if (position <= readPosition || isMarking.current) return;
    isMarking.current = true;
    conversation.markRead(position).then(
      () => {
        isMarking.current = false;
        // What was seen meanwhile: scrolling must not pile up writes.
        latest.current?.();
      },
      // If it cannot be stored, the badge stays, and the next look tries again.
      () => (isMarking.current = false),
    );
  }, [log, conversation, readPosition, unread, messages, firstUnread]);

  useEffect(() => {
    latest.current = look;
    look();
    return onSightChange(look);
  }, [look]);

  return { look, unreadAbove };
}

function isAbove(log: HTMLElement, position: number): boolean {
  const element = messageElements(log).find((candidate) => positionOf(candidate) === position);
  if (element === undefined) return false;
  return element.getBoundingClientRect().bottom <= log.getBoundingClientRect().top;
}
