import { relayError, sdkError, type TransportError } from '../model/errors.ts';
import type { Clock } from '../platform/platform.ts';

const HOUR_MS = 60 * 60 * 1_000;

/** A relay that asks for more is not believed: by its time this device decides which key packages have expired. */
const MOST_CORRECTION_MS = 48 * HOUR_MS;

/**
 * The relay's time as this device estimates it: its own clock, plus the difference to the relay's clock when the relay last
 * told its time. Use it for whatever the relay or other devices compare with their clocks: proofs of access and the
 * lifetimes of key packages.
 */
export class RelayClock implements Clock {
  readonly #clock: Clock;
  /** How far the relay's clock is ahead of this device's. */
  #offsetMs = 0;
  #error: TransportError | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** CLOCK_SKEW, while this device's clock is too far from the time that the relay told last. */
  get error(): TransportError | undefined {
    return this.#error;
  }

  onErrorChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  now(): number {
    return this.#clock.now() + this.#offsetMs;
  }

  /**
   * Sets the difference by the time that the relay tells.
   *
   * @throws {TransportError} CLOCK_SKEW if it is more than 48 hours from this device's, RELAY_MISBEHAVED if it is no time;
   *   then the difference stays as it was
   */
  correct(relayTimeMs: unknown): void {
    if (typeof relayTimeMs !== 'number' || !Number.isFinite(relayTimeMs))
      throw sdkError('RELAY_MISBEHAVED', 'The relay did not send its time. Tell whoever runs it.', {
        details: { reason: 'malformed' },
      });
    const offsetMs = relayTimeMs - this.#clock.now();
    if (Math.abs(offsetMs) > MOST_CORRECTION_MS) {
      const error = clockSkew(-offsetMs, relayTimeMs);
      this.#setError(error);
      throw error;
    }
    this.#offsetMs = offsetMs;
    this.#setError(undefined);
  }

  /** Notes that the relay has just accepted a time of {@link now}: this device's clock was set, if it was wrong before. */
  confirm(): void {
    this.#setError(undefined);
  }

  #setError(error: TransportError | undefined): void {
    if (this.#error?.message === error?.message) return;
    this.#error = error;
    for (const listener of this.#listeners) listener();
  }
}

function clockSkew(aheadMs: number, relayTimeMs: number) {
  const side = aheadMs > 0 ? 'ahead of' : 'behind';
  const sentence = `This device’s clock is ${spanOf(Math.abs(aheadMs))} ${side} the relay’s. Set the clock, then try again.`;
  return relayError('CLOCK_SKEW', sentence, { retryable: true, details: { relayTimeMs, aheadMs } });
}

/** A span of more than 48 hours, in words. */
function spanOf(ms: number): string {
  const hours = Math.round(ms / HOUR_MS);
  return hours < 100 ? `${hours} hours` : `${Math.round(hours / 24)} days`;
}
