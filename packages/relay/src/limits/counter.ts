import type { RelayPlatform } from '../platform.ts';

/**
 * Counts calls in memory: of each caller so many within a window of time, which begins with the first of them. The clock is
 * the platform's, and one that only goes forwards.
 */
export class Counter {
  readonly #platform: RelayPlatform;
  readonly #most: number;
  readonly #windowMs: number;
  /** As all windows are of one length, those that began first are over first. */
  readonly #windows = new Map<string, { calls: number; endsMs: number }>();

  constructor(platform: RelayPlatform, { most, windowMs }: { most: number; windowMs: number }) {
    this.#platform = platform;
    this.#most = most;
    this.#windowMs = windowMs;
  }

  /** Counts calls, also those that are too many. Gives how long to wait where they are, and else undefined. */
  count(caller: string, calls = 1): { retryAfterMs: number } | undefined {
    const nowMs = this.#platform.elapsedMs();
    this.#forget(nowMs);
    const window = this.#windows.get(caller) ?? { calls: 0, endsMs: nowMs + this.#windowMs };
    window.calls += calls;
    this.#windows.set(caller, window);
    return window.calls > this.#most ? { retryAfterMs: Math.ceil(window.endsMs - nowMs) } : undefined;
  }

  #forget(nowMs: number): void {
    for (const [caller, { endsMs }] of this.#windows) {
      if (endsMs > nowMs) return;
      this.#windows.delete(caller);
    }
  }
}
