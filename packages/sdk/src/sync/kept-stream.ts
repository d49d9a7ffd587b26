import type { Platform } from '../platform/platform.ts';
import { BACKOFF_MS, mostAfter, waitAfter } from './backoff.ts';

/** The relay has ended a stream, without an error, or no longer follows what the stream is for. */
export class StreamEnded extends Error {}

type StreamPlatform = Pick<Platform, 'clock' | 'random' | 'timers' | 'connectivity'>;

/** One stream that is followed over and over until it is no longer wanted; after each that did not last, it waits longer. */
export class KeptStream {
  readonly #platform: StreamPlatform;
  readonly #closing: AbortSignal;
  readonly #followOnce: (signal: AbortSignal) => Promise<void>;
  readonly #onChange: () => void;
  readonly #onLost: (error?: unknown) => void;
  #isUp = false;
  /** Aborted when the network changed: the stream from before, or the wait for the next one, ends at once. */
  #networkChange = new AbortController();
  /** Since when it has been open, in the try that is going on. */
  #openedMs: number | undefined;

  constructor(options: {
    platform: StreamPlatform;
    /** Aborts when the stream is no longer wanted. */
    closing: AbortSignal;
    /**
     * Follows it once, until the signal aborts, and says by {@link opened} that it stands. Returns if it is to be opened
     * anew at once.
     */
    followOnce: (signal: AbortSignal) => Promise<void>;
    /** Called when {@link isUp} may have changed. */
    onChange: () => void;
    /**
     * Called when it breaks, with the reason; without one if the system said that the network is gone. Not called if it
     * never opened: the calls before it have told whether the relay can be reached, and a proxy may stop streams alone.
     */
    onLost?: (error?: unknown) => void;
  }) {
    this.#platform = options.platform;
    this.#closing = options.closing;
    this.#followOnce = options.followOnce;
    this.#onChange = options.onChange;
    this.#onLost = options.onLost ?? (() => undefined);
  }

  /** Whether it stands: false until it is open, and from when it breaks until it is open again. */
  get isUp(): boolean {
    return this.#isUp;
  }

  opened(): void {
    this.#openedMs = this.#platform.clock.now();
    this.#mark(true);
  }

  /** Follows it until it is no longer wanted. */
  async run(): Promise<void> {
    const stopListening = this.#platform.connectivity.onChange((isOnline) => {
      this.#startAfresh(isOnline);
    });
    this.#closing.addEventListener('abort', stopListening, { once: true });
    let delayMs = BACKOFF_MS.first;
    let networkChange = this.#networkChange.signal;
    while (!this.#isClosing()) {
      if (networkChange !== this.#networkChange.signal) {
        networkChange = this.#networkChange.signal;
        delayMs = BACKOFF_MS.first;
      }
      const ends = AbortSignal.any([this.#closing, networkChange]);
      this.#openedMs = undefined;
      try {
        await this.#followOnce(ends);
        delayMs = BACKOFF_MS.first;
      } catch (error) {
        if (this.#isClosing()) return;
        if (networkChange.aborted) continue;
        const hasLasted = this.#hasLasted();
        if (hasLasted) delayMs = BACKOFF_MS.first;
        // One that lasted and was ended by the relay, as it ends all within the hour, is no lost connection.
        if (!(hasLasted && error instanceof StreamEnded)) this.#lose(error);
        // Jitter, so that everyone whom a restart cut off does not come back in the same instant.
        const ms = waitAfter(error, delayMs) * (0.5 + this.#platform.random.fraction());
        await this.#platform.timers.sleep(ms, ends).catch(() => undefined);
        delayMs = Math.min(delayMs * 2, mostAfter(error));
      }
    }
  }

  /** A stream from before the network changed can hang for minutes without an error, so it is opened anew. */
  #startAfresh(isOnline: boolean): void {
    if (!isOnline) {
      this.#mark(false);
      this.#onLost();
    }
    this.#networkChange.abort();
    this.#networkChange = new AbortController();
  }

  #lose(error: unknown): void {
    const wasUp = this.#isUp;
    this.#mark(false);
    if (wasUp) this.#onLost(error);
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
