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
 * the same message when lines come in or go away above it, or when a size changes.
 *
 * The log counts its scroll position from its end (see message-log.module.css). A log at its end stays there through
 * every change of size, even through two changes between which nothing is drawn: a panel that takes the place of another.
 */
export function useLogScroll(log: RefObject<HTMLElement | null>, shown: Shown) {
  const { messages, placing, hasLater, isMarkUnread, newest, goToNewest, onAtEnd } = shown;
  const seen = useRef<Seen>({ ...NOTHING_SEEN });

  const note = useCallback(() => {
    const element = log.current;
    if (element === null) return;
    seen.current.atEnd = !hasLater && distanceToEnd(element) < NEAR_PX;
    seen.current.anchor = anchorOf(element);
    seen.current.width = element.clientWidth;
    onAtEnd(seen.current.atEnd);
  }, [log, hasLater, onAtEnd]);

  const noteScroll = useCallback(() => {
    // With another width, the browser has scrolled and not the reader: the observer is about to put that right.
    if (log.current?.clientWidth === seen.current.width) note();
  }, [log, note]);

  const toEnd = useCallback(() => {
    if (hasLater) goToNewest();
    else if (log.current !== null) log.current.scrollTop = 0;
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
    // The composer grows, the on-screen keyboard opens, a panel or a font changes the lines.
    const observer = new ResizeObserver(() => {
      if (seen.current.atEnd) toEnd();
      else restore(element, seen.current.anchor);
      note();
    });
    observer.observe(element);
    if (element.firstElementChild !== null) observer.observe(element.firstElementChild);
    return () => observer.disconnect();
  }, [log, toEnd, note]);

  return { toEnd, noteScroll };
}

/** What was on the screen before a change. */
interface Seen {
  atEnd: boolean;
  anchor: Anchor | undefined;
  placing: object | undefined;
  newest: number | undefined;
  /** The log's width when this was noted. */
  width: number | undefined;
}

const NOTHING_SEEN: Seen = {
  atEnd: true,
  anchor: undefined,
  placing: undefined,
  newest: undefined,
  width: undefined,
};

/** A message, and how far below the upper edge of the log it stands. */
interface Anchor {
  position: number;
  offset: number;
}

export function distanceToEnd({ scrollTop }: HTMLElement): number {
  return -scrollTop;
}

export function distanceToStart({ scrollHeight, scrollTop, clientHeight }: HTMLElement): number {
  return scrollHeight - clientHeight + scrollTop;
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
