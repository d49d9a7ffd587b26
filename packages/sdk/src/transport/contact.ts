import { hasCode, TransportError } from '../model/errors.ts';
import { asRelayError, isOutOfReach } from './relay-errors.ts';

/** Makes calls, turns their failures into typed errors, and keeps account of what they tell about the relay. */
export class Contact {
  /** Called after each call with whether it reached the relay, whatever that answered. */
  onContact: ((reached: boolean) => void) | undefined;
  /** Throws if this client is to make no call any more. */
  readonly #requireAllowed: () => void;
  #error: TransportError | undefined;
  readonly #listeners = new Set<() => void>();

  constructor(requireAllowed: () => void) {
    this.#requireAllowed = requireAllowed;
  }

  /** PROTOCOL_VERSION_MISMATCH, from when the relay refuses a call with it until it answers one otherwise. */
  get error(): TransportError | undefined {
    return this.#error;
  }

  onErrorChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** @throws {TransportError} */
  async call<Result>(call: () => Promise<Result>): Promise<Result> {
    this.#requireAllowed();
    try {
      const result = await call();
      this.#note(undefined);
      return result;
    } catch (cause) {
      const error = asRelayError(cause);
      if (error instanceof TransportError) this.#note(error);
      throw error;
    }
  }

  /** @param error what the call failed with, if it did */
  #note(error: TransportError | undefined): void {
    this.onContact?.(!isOutOfReach(error));
    // A relay that is away speaks what it spoke before, as far as anyone knows.
    if (hasCode(error, 'NETWORK')) return;
    this.#setError(hasCode(error, 'PROTOCOL_VERSION_MISMATCH') ? error : undefined);
  }

  #setError(error: TransportError | undefined): void {
    if (this.#error?.message === error?.message) return;
    this.#error = error;
    for (const listener of this.#listeners) listener();
  }
}
