import { useCallback, useEffect, useLayoutEffect, useRef, type RefObject } from 'react';
import type { MessagesSnapshot } from '@quicprochat/react';
import type { Message } from '@quicprochat/sdk';
import { isPageInSight, messageElements, positionOf } from './on-screen.ts';

/** Nearer to the end than this counts as being there. */
const NEAR_PX = 64;

/** Between the upper edge and the "New" line: enough to see that there is something before it. */
const ABOVE_UNREAD_PX = 48;

interface Shown extends Pick<MessagesSnapshot, 'messages' | 'placing' | 'hasLater'> {
  /** Whether a "New" line stands there, above a message that is still unread. */
  isMarkUnread: boolean;
  /** The conversation's newest message, loaded or not. */
  newest: Message | undefined;
  /** Loads the newest messages, which scrolls to them. */
  goToNewest: () => void;
  /** Hears whether the end of the conversation is in sight. */
  onAtEnd: (atEnd: boolean) => void;
}

/**
 * Keeps the log where the reader is: at the end while they are there, or have just said something themselves; and at
 * the same message when lines come in or go away above it.
 */
export function useLogScroll(log: RefObject<HTMLElement | null>, shown: Shown) {
  const { messages, placing, hasLater, isMarkUnread, newest, goToNewest, onAtEnd } = shown;
  const seen = useRef<Seen>({ atEnd: true, anchor: undefined, placing: undefined, newest: undefined });

  const note = useCallback(() => {
    const element = log.current;
    if (element === null) return;
    seen.current.atEnd = !hasLater && distanceToEnd(element) < NEAR_PX;
    seen.current.anchor = anchorOf(element);
    onAtEnd(seen.current.atEnd);
  }, [log, hasLater, onAtEnd]);

  const toEnd = useCallback(() => {
    if (hasLater) goToNewest();
    else if (log.current !== null) log.current.scrollTop = log.current.scrollHeight;
  }, [log, hasLater, goToNewest]);

  useLayoutEffect(() => {
    const element = log.current;
    if (element === null || messages.length === 0) return;
    const before = seen.current;
    const wasPlaced = before.placing !== placing;
    if (wasPlaced && placing.at === 'first-unread') toUnread(element);
    else if (wasPlaced || isSaying(newest, before.newest)) toEnd();
    // While nobody looks, what comes must not push the first unread message out of sight.
    else if (before.atEnd && isMarkUnread && !isPageInSight()) toUnread(element);
    else if (before.atEnd) toEnd();
    else restore(element, before.anchor);
    Object.assign(before, { placing, newest: newest?.position });
    note();
  }, [log, messages, placing, isMarkUnread, newest, toEnd, note]);

  useEffect(() => {
    const element = log.current;
    if (element === null) return;
    // The composer grows, the on-screen keyboard opens: the end stays in sight.
    const observer = new ResizeObserver(() => {
      if (seen.current.atEnd) toEnd();
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [log, toEnd]);

  return { toEnd, note };
}

/** What was on the screen before a change. */
interface Seen {
  atEnd: boolean;
  anchor: Anchor | undefined;
  placing: object | undefined;
  newest: number | undefined;
}

/** A message, and how far below the upper edge of the log it stands. */
interface Anchor {
  position: number;
  offset: number;
}

export function distanceToEnd({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number {
  return scrollHeight - scrollTop - clientHeight;
}

/** The first message in sight. */
function anchorOf(log: HTMLElement): Anchor | undefined {
  const { top } = log.getBoundingClientRect();
  for (const element of messageElements(log)) {
    const box = element.getBoundingClientRect();
    if (box.bottom > top) return { position: positionOf(element), offset: box.top - top };
  }
  return undefined;
}

function restore(log: HTMLElement, anchor: Anchor | undefined): void {
  if (anchor === undefined) return;
  const element = messageElements(log).find((candidate) => positionOf(candidate) === anchor.position);
  if (element === undefined) return;
  log.scrollTop += element.getBoundingClientRect().top - log.getBoundingClientRect().top - anchor.offset;
}

/** Puts the "New" line near the upper edge; the browser stops at the end if everything after it fits. */
function toUnread(log: HTMLElement): void {
  const line = log.querySelector('[data-line="unread"]');
  if (line === null) return;
  log.scrollTop += line.getBoundingClientRect().top - log.getBoundingClientRect().top - ABOVE_UNREAD_PX;
}

/** Whether the newest message is one that was written here since. */
function isSaying(newest: Message | undefined, before: number | undefined): boolean {
  return (
    newest !== undefined &&
    before !== undefined &&
    newest.position > before &&
    newest.own &&
    newest.content.type === 'text'
  );
}
