import type { RelayPlatform } from '../platform.ts';
import type { Wake } from './wake.ts';

/**
 * Collects wake-ups for one stream: which of its topics were notified since it last looked. A set, so that a slow
 * stream holds no more than its topics however much happens.
 */
export class Waiter {
  readonly #platform: RelayPlatform;
  readonly #signal: AbortSignal;
  readonly #stops = new Map<string, () => void>();
  readonly #woken = new Set<string>();
  #resolve: () => void = () => undefined;

  constructor(platform: RelayPlatform, signal: AbortSignal) {
    this.#platform = platform;
    this.#signal = signal;
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  listen(wake: Pick<Wake, 'listen'>, topic: string): void {
    if (!this.#stops.has(topic))
      this.#stops.set(
        topic,
        wake.listen(topic, () => this.wake(topic)),
      );
  }

  ignore(topic: string): void {
    this.#stops.get(topic)?.();
    this.#stops.delete(topic);
    this.#woken.delete(topic);
  }

  wake(topic: string): void {
    this.#woken.add(topic);
    this.#resolve();
  }

  get isOver(): boolean {
    return this.#signal.aborted;
  }

  /** Takes the wake-ups so far: call it before reading, so that what comes while reading wakes again. */
  rearm(): string[] {
    const topics = [...this.#woken];
    this.#woken.clear();
    return topics;
  }

  /** The topics that were notified; waits for the first. Empty when the stream is over, or the time. */
  async woken(withinMs?: number): Promise<string[]> {
    if (this.#woken.size === 0 && !this.isOver) {
      const waiting = new Promise<void>((resolve) => (this.#resolve = resolve));
      const cancel = withinMs === undefined ? undefined : this.#platform.after(withinMs, this.#resolve);
      await waiting;
      cancel?.();
    }
    return this.rearm();
  }

  close(): void {
    for (const stop of this.#stops.values()) stop();
    this.#stops.clear();
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#resolve();
  }

  readonly #onAbort = () => {
    this.#resolve();
  };
}
