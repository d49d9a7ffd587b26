import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';
import type { Messages } from '@quicprochat/react';
import { distanceToEnd, distanceToStart } from './use-log-scroll.ts';

/**
 * Loads more of the history when the reader comes near one of its ends. `isLoading` lasts until the lines are there,
 * so that a screen reader does not take old lines for new ones.
 */
export function useHistoryLoading(log: RefObject<HTMLElement | null>, history: Messages) {
  const { messages, status, hasEarlier, hasLater, isFull, loadEarlier, loadLater } = history;
  const [isLoading, setLoading] = useState(false);
  const running = useRef(0);

  const load = useCallback((work: () => Promise<void>) => {
    running.current++;
    setLoading(true);
    // A moment later, when the lines are in the page.
    void work().finally(() => setTimeout(() => setLoading(--running.current > 0)));
  }, []);

  const loadNear = useCallback(() => {
    const element = log.current;
    // After a failure only the person tries again, with the buttons: trying at once would go on without end.
    if (element === null || status !== 'ready' || running.current > 0) return;
    const isTopNear = distanceToStart(element) < element.clientHeight;
    const isEndNear = distanceToEnd(element) < element.clientHeight;
    // All that it may hold fits into little room: each end would drop what the other one has loaded.
    if (isFull && isTopNear && isEndNear) return;
    if (isTopNear && hasEarlier) load(loadEarlier);
    else if (isEndNear && hasLater) load(loadLater);
  }, [log, status, isFull, hasEarlier, hasLater, load, loadEarlier, loadLater]);

  // What was loaded may not fill the screen yet.
  useEffect(() => {
    if (!isLoading && messages.length > 0) loadNear();
  }, [messages, isLoading, loadNear]);

  return { isLoading, load, loadNear };
}
