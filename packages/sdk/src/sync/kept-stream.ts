import { LIMITS } from '@quicprochat/protocol';
import type { Platform } from '../platform/platform.ts';
import { hasCode } from '../model/errors.ts';
import { BACKOFF_MS, MOST_WHILE_AWAITED_MS, mostAfter, waitAfter } from './backoff.ts';

/** How long a stream that is in doubt may say nothing: a ping is not that late, unless the link is. */
const SILENCE_IN_DOUBT_MS = LIMITS.streamPingMs + 5_000;

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
  readonly #isAwaited: () => boolean;
  #isUp = false;
  /** Aborted when the network may have changed: the stream from before, or the wait for the next one, ends at once. */
  #fresh = new AbortController();
  /** Ends the wait for the next try; undefined while there is no such wait. */
  #waiting: AbortController | undefined;
  /** When something came of it last. */
  #heardMs = 0;
  #isInDoubt = false;
  /** How long to wait after the next try that fails. */
  #delayMs: number = BACKOFF_MS.first;
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
    /** Whether somebody waits for the relay to be reached: then it is tried every few seconds. */
    isAwaited?: () => boolean;
  }) {
    this.#platform = options.platform;
    this.#closing = options.closing;
    this.#followOnce = options.followOnce;
    this.#onChange = options.onChange;
    this.#onLost = options.onLost ?? (() => undefined);
    this.#isAwaited = options.isAwaited ?? (() => false);
  }

  /** Whether it stands: false until it is open, and from when it breaks until it is open again. */
  get isUp(): boolean {
    return this.#isUp;
  }

  opened(): void {
    this.#openedMs = this.#platform.clock.now();
    this.heard();
    this.#mark(true);
  }

  /** Notes that something came of it, and be it a ping. */
  heard(): void {
    this.#heardMs = this.#platform.clock.now();
  }

  /** Notes that something else did not get through: if the stream is silent as well, it is not waited for any longer. */
  doubt(): void {
    if (!this.#isUp || this.#isInDoubt) return;
    this.#isInDoubt = true;
    void this.#giveUpIfSilent();
  }

  async #giveUpIfSilent(): Promise<void> {
    const { clock, timers } = this.#platform;
    const heardMs = this.#heardMs;
    const leftMs = Math.min(Math.max(0, heardMs + SILENCE_IN_DOUBT_MS - clock.now()), SILENCE_IN_DOUBT_MS);
    await timers.sleep(leftMs, this.#closing).catch(() => undefined);
    this.#isInDoubt = false;
    if (this.#isClosing() || !this.#isUp || this.#heardMs !== heardMs) return;
    this.#mark(false);
    this.#onLost();
    this.restart();
  }

  /** Opens it anew at once, whether it stands or not. */
  restart(): void {
    this.#fresh.abort();
    this.#fresh = new AbortController();
  }

  /** Ends the wait for the next try, and has the waits begin anew. A try that is under way goes on. */
  hasten(): void {
    this.#delayMs = BACKOFF_MS.first;
    this.#waiting?.abort();
  }

  /** Follows it until it is no longer wanted. */
  async run(): Promise<void> {
    const stopListening = this.#platform.connectivity.onChange((isOnline) => {
      this.#noteNetwork(isOnline);
    });
    this.#closing.addEventListener('abort', stopListening, { once: true });
    let fresh = this.#fresh.signal;
    while (!this.#isClosing()) {
      if (fresh !== this.#fresh.signal) {
        fresh = this.#fresh.signal;
        this.#delayMs = BACKOFF_MS.first;
      }
      const ends = AbortSignal.any([this.#closing, fresh]);
      this.#openedMs = undefined;
      try {
        await this.#followOnce(ends);
        this.#delayMs = BACKOFF_MS.first;
      } catch (error) {
        if (this.#isClosing()) return;
        if (fresh.aborted) continue;
        const hasLasted = this.#hasLasted();
        if (hasLasted) this.#delayMs = BACKOFF_MS.first;
        // One that lasted and was ended by the relay, as it ends all within the hour, is no lost connection.
        if (!(hasLasted && error instanceof StreamEnded)) this.#lose(error);
        await this.#waitAfter(error, ends);
      }
    }
  }

  async #waitAfter(error: unknown, ends: AbortSignal): Promise<void> {
    const isHurried = hasCode(error, 'NETWORK') && this.#isAwaited();
    const delayMs = isHurried ? Math.min(this.#delayMs, MOST_WHILE_AWAITED_MS) : this.#delayMs;
    this.#delayMs = Math.min(this.#delayMs * 2, mostAfter(error));
    // Jitter, so that everyone whom a restart cut off does not come back in the same instant.
    const ms = waitAfter(error, delayMs, this.#platform.random.fraction());
    this.#waiting = new AbortController();
    const signal = AbortSignal.any([ends, this.#waiting.signal]);
    await this.#platform.timers.sleep(ms, signal).catch(() => undefined);
    this.#waiting = undefined;
  }

  /** A stream from before the network changed can hang for minutes without an error, so it is opened anew. */
  #noteNetwork(isOnline: boolean): void {
    if (!isOnline) {
      this.#mark(false);
      this.#onLost();
    }
    this.restart();
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
