import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react';
import type { Message } from '@quicprochat/sdk';

/** Nearer to the end than this counts as being there. */
const NEAR_PX = 64;

/**
 * Keeps the log where the reader is: at the end while they are there, or have just said something themselves; and at
 * the same line when earlier ones are put above it.
 */
export function useLogScroll(log: RefObject<HTMLElement | null>, messages: readonly Message[]) {
  const [atEnd, setAtEnd] = useState(true);
  const seen = useRef({ atEnd: true, first: -1, last: -1, height: 0 });

  const toEnd = useCallback(() => {
    const element = log.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  }, [log]);

  const onScroll = useCallback(() => {
    const element = log.current;
    if (element === null) return;
    seen.current.atEnd = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_PX;
    setAtEnd(seen.current.atEnd);
  }, [log]);

  useLayoutEffect(() => {
    const element = log.current;
    if (element === null) return;
    const { first, last, height } = seen.current;
    const firstNow = messages[0]?.position ?? -1;
    const lastNow = messages.at(-1)?.position ?? -1;
    const saidSomething = lastNow > last && messages.at(-1)?.own === true;
    if (seen.current.atEnd || saidSomething) toEnd();
    else if (firstNow < first) element.scrollTop += element.scrollHeight - height;
    Object.assign(seen.current, { first: firstNow, last: lastNow, height: element.scrollHeight });
  }, [log, messages, toEnd]);

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

  return { atEnd, toEnd, onScroll };
}
