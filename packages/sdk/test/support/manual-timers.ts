import type { Timers } from '../../src/platform/platform.ts';

/** Timers whose time passes when the test says so. */
export class ManualTimers implements Timers {
  readonly #sleeping = new Set<{ sinceMs: number; untilMs: number; wake: () => void }>();
  #nowMs = 0;

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { sinceMs: this.#nowMs, untilMs: this.#nowMs + ms, wake: resolve };
      this.#sleeping.add(sleeper);
      const abort = () => {
        this.#sleeping.delete(sleeper);
        reject(new DOMException('Aborted', 'AbortError'));
      };
      if (signal?.aborted) abort();
      signal?.addEventListener('abort', abort, { once: true });
    });
  }

  /** How many wait for time to pass. */
  get sleeping(): number {
    return this.#sleeping.size;
  }

  /** Whether whoever waits has begun since time passed last. */
  get isFresh(): boolean {
    return [...this.#sleeping].every(({ sinceMs }) => sinceMs === this.#nowMs);
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const sleeper of this.#sleeping) {
      if (sleeper.untilMs > this.#nowMs) continue;
      this.#sleeping.delete(sleeper);
      sleeper.wake();
    }
  }
}
