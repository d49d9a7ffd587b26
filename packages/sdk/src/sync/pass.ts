import { brokeOff } from '../transport/bounded-fetch.ts';
import { isOutOfReach } from '../transport/relay-errors.ts';

/**
 * After so many steps in a row that did not reach the relay, the others are not tried: each can wait for its timeout. One
 * more than a pass has steps for the inbox, so that a log is tried whatever became of those.
 */
const MOST_UNREACHED = 3;

/**
 * One pass over steps that have nothing to do with one another: what fails in one does not keep the others from being
 * done.
 *
 * @throws what the first of them failed with, after all were tried; at once, the reason of the signal
 */
export class Pass {
  readonly #signal: AbortSignal | undefined;
  readonly #errors: unknown[] = [];
  #unreached = 0;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  /** Does a step, and says whether it went well. */
  async try(step: () => Promise<unknown>): Promise<boolean> {
    this.#signal?.throwIfAborted();
    if (this.#unreached >= MOST_UNREACHED) return false;
    try {
      await step();
      this.#unreached = 0;
      return true;
    } catch (error) {
      // An answer that broke off came from the relay.
      const isUnreached = isOutOfReach(error) && !brokeOff(error);
      this.#unreached = isUnreached ? this.#unreached + 1 : 0;
      this.#errors.push(error);
      return false;
    }
  }

  /** Throws the first error of the steps. */
  end(): void {
    if (this.#errors.length > 0) throw this.#errors[0];
  }
}
