import { QuicprochatError, sdkError } from '../errors.ts';
import type { Driver } from './driver.ts';
import type { Ledger } from './ledger.ts';
import type { OutboxRow } from './rows.ts';

/** How long a client that does not stay keeps trying to reach the relay. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 300;

interface Waiting {
  signal?: AbortSignal;
}

/** Waits for what was put into a conversation's outbox to arrive. */
export class Delivery {
  readonly #id: string;
  readonly #ledger: Ledger;
  readonly #driver: Driver;
  readonly #live: boolean;

  constructor(id: string, parts: { ledger: Ledger; driver: Driver; live: boolean }) {
    this.#id = id;
    this.#ledger = parts.ledger;
    this.#driver = parts.driver;
    this.#live = parts.live;
  }

  /** Resolves when the relay has it. */
  accepted(id: string, options: Waiting): Promise<void> {
    return this.#until(id, () => this.#isOver(id, ({ accepted }) => accepted !== undefined), options);
  }

  /** Resolves when it has taken effect here. */
  settled(id: string, options: Waiting): Promise<void> {
    return this.#until(id, () => this.#isOver(id, () => false), options);
  }

  /** Resolves when all that waits now has taken effect. */
  async drained(options: Waiting): Promise<void> {
    const waiting = [...this.#ledger.outbox.of(this.#id)].map(({ id }) => this.settled(id, options));
    await Promise.all(waiting);
  }

  #until(id: string, isDone: () => boolean, { signal }: Waiting): Promise<void> {
    return this.#live ? this.#wait(id, isDone, signal) : this.#push(isDone, signal);
  }

  /** A live client sends by itself, and goes on when the network is back: only the waiting ends with the signal. */
  #wait(id: string, isDone: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = () => {
        try {
          if (isDone()) end(resolve);
        } catch (error) {
          end(() => reject(toError(error)));
        }
      };
      const abort = () => {
        end(() => reject(toError(signal?.reason)));
      };
      const stop = this.#ledger.outbox.listen(id, check);
      const end = (then: () => void) => {
        stop();
        signal?.removeEventListener('abort', abort);
        then();
      };
      if (signal?.aborted) return abort();
      signal?.addEventListener('abort', abort, { once: true });
      this.#driver.drive(this.#id, { readLog: false }).then(check, (error: unknown) => {
        if (!isPassing(error)) end(() => reject(toError(error)));
        else check();
      });
    });
  }

  /** A client that does not stay tries for a while, since a relay that restarts is back in a moment. */
  async #push(isDone: () => boolean, signal: AbortSignal | undefined): Promise<void> {
    const { clock, timers } = this.#ledger.platform;
    const deadlineMs = clock.now() + PATIENCE_MS;
    for (;;) {
      const stopped = await this.#drive();
      if (stopped !== undefined && !isPassing(stopped)) throw toError(stopped);
      // Throws where it was given up, however retryable that error is: there is nothing left to try.
      if (isDone()) return;
      if (clock.now() > deadlineMs) throw queued(stopped);
      await timers.sleep(RETRY_MS, signal);
    }
  }

  /** Drives until nothing is left to do, or gives what stopped it. */
  async #drive(): Promise<unknown> {
    try {
      await this.#driver.drive(this.#id, { readLog: false });
      return undefined;
    } catch (error) {
      return error;
    }
  }

  /** @throws why it was given up, where it was */
  #isOver(id: string, early: (row: OutboxRow) => boolean): boolean {
    const row = this.#ledger.outbox.byId(id);
    if (row !== undefined) return early(row);
    const failure = this.#driver.failures.of(id);
    if (failure !== undefined) throw failure;
    return true;
  }
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new DOMException('Aborted', 'AbortError');
}

function isPassing(error: unknown): boolean {
  return error instanceof QuicprochatError && error.retryable && error.code !== 'WORKER_STOPPED';
}

/** For the caller whose patience is over; what else stopped it than the network is told as it is. */
function queued(cause: unknown): Error {
  if (cause instanceof QuicprochatError && cause.code !== 'NETWORK') return cause;
  const message =
    cause === undefined
      ? 'The relay has not confirmed the message or change yet. It stays queued.'
      : 'The relay cannot be reached. The message or change stays queued, and the next sync sends it.';
  return sdkError('NETWORK', message, { details: { queued: true }, cause });
}
