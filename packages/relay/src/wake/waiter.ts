import type { Wake } from './wake.ts';

/**
 * Collects wake-ups for one stream: which of its topics were notified since it last looked. A set, so that a slow
 * stream holds no more than its topics however much happens.
 */
export class Waiter {
  readonly #signal: AbortSignal | undefined;
  readonly #stops: (() => void)[];
  readonly #woken = new Set<string>();
  #resolve: () => void = () => undefined;

  constructor(wake: Pick<Wake, 'listen'>, topics: readonly string[], signal: AbortSignal | undefined) {
    this.#signal = signal;
    this.#stops = topics.map((topic) =>
      wake.listen(topic, () => {
        this.#woken.add(topic);
        this.#resolve();
      }),
    );
    signal?.addEventListener('abort', this.#onAbort, { once: true });
  }

  get isOver(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Takes the wake-ups so far: call it before reading, so that what comes while reading wakes again. */
  rearm(): string[] {
    const topics = [...this.#woken];
    this.#woken.clear();
    return topics;
  }

  /** The topics that were notified; waits for the first. Empty when the stream is over. */
  async woken(): Promise<string[]> {
    if (this.#woken.size === 0 && !this.isOver)
      await new Promise<void>((resolve) => (this.#resolve = resolve));
    return this.rearm();
  }

  close(): void {
    for (const stop of this.#stops) stop();
    this.#signal?.removeEventListener('abort', this.#onAbort);
    this.#resolve();
  }

  readonly #onAbort = () => {
    this.#resolve();
  };
}
