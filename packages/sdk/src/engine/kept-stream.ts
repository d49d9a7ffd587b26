import type { Platform } from '../platform/platform.ts';
import { BACKOFF_MS, waitAfter } from './backoff.ts';

/** The relay has ended a stream, without an error. */
export class StreamEnded extends Error {}

/** One stream that is followed over and over until it is no longer wanted; after each that did not last, it waits longer. */
export class KeptStream {
  readonly #platform: Pick<Platform, 'clock' | 'random' | 'timers'>;
  readonly #closing: AbortSignal;
  readonly #followOnce: () => Promise<void>;
  readonly #onChange: () => void;
  #isUp = false;
  /** Since when it has been open, in the try that is going on. */
  #openedMs: number | undefined;

  constructor(options: {
    platform: Pick<Platform, 'clock' | 'random' | 'timers'>;
    /** Aborts when the stream is no longer wanted. */
    closing: AbortSignal;
    /** Follows it once, and says so by {@link opened}. Returns if it is to be opened anew at once. */
    followOnce: () => Promise<void>;
    /** Called when {@link isUp} may have changed. */
    onChange: () => void;
  }) {
    this.#platform = options.platform;
    this.#closing = options.closing;
    this.#followOnce = options.followOnce;
    this.#onChange = options.onChange;
  }

  /** Whether it stands: false until it is open, and from when it breaks until it is open again. */
  get isUp(): boolean {
    return this.#isUp;
  }

  opened(): void {
    this.#openedMs = this.#platform.clock.now();
    this.#mark(true);
  }

  /** Follows it until the signal aborts. */
  async run(): Promise<void> {
    let delayMs = BACKOFF_MS.first;
    while (!this.#isClosing()) {
      this.#openedMs = undefined;
      try {
        await this.#followOnce();
        delayMs = BACKOFF_MS.first;
      } catch (error) {
        if (this.#isClosing()) return;
        const hasLasted = this.#hasLasted();
        if (hasLasted) delayMs = BACKOFF_MS.first;
        // One that lasted and was ended by the relay, as it ends all within the hour, is no lost connection.
        if (!(hasLasted && error instanceof StreamEnded)) this.#mark(false);
        // Jitter, so that everyone whom a restart cut off does not come back in the same instant.
        const ms = waitAfter(error, delayMs) * (0.5 + this.#platform.random.fraction());
        await this.#platform.timers.sleep(ms, this.#closing).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, BACKOFF_MS.most);
      }
    }
  }

  #isClosing(): boolean {
    return this.#closing.aborted;
  }

  #hasLasted(): boolean {
    const openedMs = this.#openedMs;
    return openedMs !== undefined && this.#platform.clock.now() - openedMs > BACKOFF_MS.most;
  }

  #mark(isUp: boolean): void {
    this.#isUp = isUp;
    this.#onChange();
  }
}
