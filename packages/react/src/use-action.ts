import { useCallback, useEffect, useRef, useState } from 'react';

/** An action that a person can start, and its outcome. */
export interface Action<Args extends unknown[]> {
  /** Starts it. Resolves to whether it succeeded. Never rejects: `error` holds the reason. */
  run: (...args: Args) => Promise<boolean>;
  pending: boolean;
  /** The error of the last run; undefined while it runs and after a success. */
  error: unknown;
  /** Forgets the error. */
  clear: () => void;
}

/**
 * Wraps an asynchronous SDK method for a button or a form. While it runs, further starts are ignored, so that a double
 * click does not create two groups.
 */
export function useAction<Args extends unknown[]>(work: (...args: Args) => Promise<unknown>): Action<Args> {
  const [state, setState] = useState<{ pending: boolean; error: unknown }>(IDLE);
  const running = useRef(false);
  const latest = useRef(work);
  useEffect(() => {
    latest.current = work;
  });

  const run = useCallback(async (...args: Args): Promise<boolean> => {
    if (running.current) return false;
    running.current = true;
    setState({ pending: true, error: undefined });
    try {
      await latest.current(...args);
      setState(IDLE);
      return true;
    } catch (error) {
      setState({ pending: false, error });
      return false;
    } finally {
      running.current = false;
    }
  }, []);

  const clear = useCallback(() => setState((now) => (now.pending ? now : IDLE)), []);
  return { run, clear, ...state };
}

const IDLE = { pending: false, error: undefined };
