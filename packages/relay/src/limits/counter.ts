import type { RelayPlatform } from '../platform.ts';

/** Callers that are counted at a time. Of IPv6, somebody can have any number of networks, and each would stay for a day. */
export const MOST_CALLERS = 100_000;

/**
 * Counts calls, messages or bytes in memory: of each caller so many within a window of time, which begins with the first of them. The clock is
 * the platform's, and one that only goes forwards. If there are too many callers, it forgets those who came first.
 */
export class Counter {
  /** How much is allowed within one window. */
  readonly most: number;
  readonly #platform: RelayPlatform;
  readonly #windowMs: number;
  /** As all windows are of one length, those that began first are over first. */
  readonly #windows = new Map<string, { count: number; endsMs: number }>();

  constructor(platform: RelayPlatform, { most, windowMs }: { most: number; windowMs: number }) {
    this.#platform = platform;
    this.most = most;
    this.#windowMs = windowMs;
  }

  /** Counts also what is too much. Returns how long to wait if it is, and otherwise undefined. */
  count(caller: string, amount = 1): { retryAfterMs: number } | undefined {
    const nowMs = this.#platform.elapsedMs();
    this.#forget(nowMs);
    const window = this.#windows.get(caller) ?? { count: 0, endsMs: nowMs + this.#windowMs };
    window.count += amount;
    this.#windows.set(caller, window);
    dropOldest(this.#windows);
    return window.count > this.most ? { retryAfterMs: Math.ceil(window.endsMs - nowMs) } : undefined;
  }

  #forget(nowMs: number): void {
    for (const [caller, { endsMs }] of this.#windows) {
      if (endsMs > nowMs) return;
      this.#windows.delete(caller);
    }
  }
}

/** Keeps a map at {@link MOST_CALLERS}. */
export function dropOldest(callers: Map<string, unknown>): void {
  if (callers.size <= MOST_CALLERS) return;
  for (const oldest of callers.keys()) {
    callers.delete(oldest);
    return;
  }
}
