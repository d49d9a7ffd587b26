import type { EntryId, GroupId } from '@quicprochat/protocol';
import { errorFrom, hasCode, QuicprochatError, sdkError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import { toldToWaitMs } from './backoff.ts';
import type { Driver } from './driver.ts';
import { failureOf } from '../state/failures.ts';
import type { Ledger } from '../state/ledger.ts';
import type { OutboxRow } from '../state/rows.ts';
import { tooLate, withdraw } from '../outbox/withdrawal.ts';

/** How long a client that does not stay keeps trying to reach the relay. */
const PATIENCE_MS = 10_000;
const RETRY_MS = 300;

interface Waiting {
  signal?: AbortSignal;
}

/**
 * Waits for what was put into a conversation's outbox to arrive. With a signal the change can be cancelled: it is
 * withdrawn if nothing of it can have left the device, and the wait ends with TOO_LATE_TO_CANCEL otherwise.
 */
export class Delivery {
  readonly #id: GroupId;
  readonly #ledger: Ledger;
  readonly #driver: Driver;
  readonly #platform: Platform;
  readonly #live: boolean;

  constructor(id: GroupId, parts: { ledger: Ledger; driver: Driver; platform: Platform; live: boolean }) {
    this.#id = id;
    this.#ledger = parts.ledger;
    this.#platform = parts.platform;
    this.#driver = parts.driver;
    this.#live = parts.live;
  }

  /** Resolves when the relay has it. */
  accepted(id: EntryId, options: Waiting): Promise<void> {
    return this.#until([id], () => this.#isOver(id, ({ accepted }) => accepted !== undefined), options);
  }

  /** Resolves when it has taken effect here. */
  settled(id: EntryId, options: Waiting): Promise<void> {
    return this.#until([id], () => this.#isOver(id, () => false), options);
  }

  /** Resolves when all that waits now has taken effect. It is cancelled as one. */
  drained(options: Waiting): Promise<void> {
    const ids = [...this.#ledger.outbox.of(this.#id)].map(({ id }) => id);
    return this.#until(ids, () => ids.every((id) => this.#isOver(id, () => false)), options);
  }

  async #until(ids: readonly EntryId[], isOver: () => boolean, { signal }: Waiting): Promise<void> {
    const stop = new AbortController();
    let isBeingCancelled = false;
    const cancel = () => {
      isBeingCancelled = true;
      void this.#cancel(ids, signal?.reason).then((error) => {
        isBeingCancelled = false;
        if (error === undefined) this.#ledger.outbox.wake(ids);
        else stop.abort(error);
      });
    };
    // While the cancellation runs, a missing row does not mean that the change was sent.
    const isDone = () => !isBeingCancelled && isOver();
    signal?.addEventListener('abort', cancel, { once: true });
    if (signal?.aborted) cancel();
    try {
      await (this.#live ? this.#wait(ids, isDone, stop.signal) : this.#push(isDone, stop.signal));
    } catch (error) {
      throw this.#isStillQueued(ids, error) ? stillQueued(error) : error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  /** Whether the wait ends with an error although what it was for still waits, and will be sent. */
  #isStillQueued(ids: readonly EntryId[], error: unknown): error is QuicprochatError {
    if (!(error instanceof QuicprochatError) || hasCode(error, 'TOO_LATE_TO_CANCEL')) return false;
    const rows = ids.map((id) => this.#ledger.outbox.byId(id));
    return (
      error.details['queued'] !== true && rows.some((row) => row !== undefined && row.accepted === undefined)
    );
  }

  /** @returns what the wait ends with; undefined if it ends by itself */
  async #cancel(ids: readonly EntryId[], reason: unknown): Promise<unknown> {
    try {
      switch (await withdraw(this.#ledger, ids)) {
        case 'withdrawn':
          return reason;
        case 'begun':
          return tooLate();
        case 'over':
          return undefined;
      }
    } catch (error) {
      return error;
    }
  }

  /** A live client sends by itself, and goes on when the network is back. */
  #wait(ids: readonly EntryId[], isDone: () => boolean, stop: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const before = this.#driver.troubleOf(this.#id);
      const check = () => {
        try {
          const trouble = this.#driver.troubleOf(this.#id);
          if (isDone()) end(resolve);
          // It began after this wait, as when a relay comes back from a restart with less than it had.
          else if (trouble !== undefined && trouble !== before && !isPassing(trouble))
            end(() => reject(trouble));
        } catch (error) {
          end(() => reject(toError(error)));
        }
      };
      const abort = () => {
        end(() => reject(toError(stop.reason)));
      };
      const unlisten = ids.map((id) => this.#ledger.outbox.listen(id, check));
      const end = (then: () => void) => {
        for (const one of unlisten) one();
        stop.removeEventListener('abort', abort);
        then();
      };
      stop.addEventListener('abort', abort, { once: true });
      this.#driver.onAwaited?.();
      this.#driver.drive(this.#id, { readLog: false }).then(check, (error: unknown) => {
        if (!isPassing(error)) end(() => reject(toError(error)));
        else check();
      });
    });
  }

  /** A client that does not stay tries for a while, since a relay that restarts is back in a moment. */
  async #push(isDone: () => boolean, stop: AbortSignal): Promise<void> {
    const { clock, timers } = this.#platform;
    const deadlineMs = clock.now() + PATIENCE_MS;
    for (;;) {
      const stopped = await unlessAborted(this.#drive(), stop);
      if (stopped !== undefined && !isPassing(stopped)) throw toError(stopped);
      // Throws where it was given up, however retryable that error is: there is nothing left to try.
      if (isDone()) return;
      // A relay that asks for more time than is left is not asked again.
      const waitMs = toldToWaitMs(stopped);
      if (clock.now() + waitMs > deadlineMs) throw queued(stopped);
      await timers.sleep(Math.max(waitMs, RETRY_MS), stop);
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

  /** @throws why it was given up or withdrawn, if it was; CLOSED or STORE_VERSION if this client will not hear of it any more */
  #isOver(id: EntryId, early: (row: OutboxRow) => boolean): boolean {
    const row = this.#ledger.outbox.byId(id);
    if (row !== undefined) {
      if (early(row)) return true;
      this.#ledger.requireOpen();
      this.#ledger.storage.requireKnown();
      return false;
    }
    const failure = failureOf(this.#ledger, id);
    if (failure !== undefined) throw failure;
    return true;
  }
}

/** What the work gives, or the reason of the signal; the work itself goes on. */
async function unlessAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result> {
  let stop: () => void = () => undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => {
      reject(toError(signal.reason));
    };
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new DOMException('Aborted', 'AbortError');
}

/**
 * Whether waiting alone can help. A wrong clock or an old version needs a person, so the caller hears of it; what was queued
 * stays queued. Of a request that arrived twice only one copy counts: the next one is signed anew, whatever became of this one.
 */
function isPassing(error: unknown): boolean {
  if (hasCode(error, 'REPLAYED')) return true;
  return error instanceof QuicprochatError && error.retryable && !hasCode(error, ...FOR_A_PERSON);
}

const FOR_A_PERSON = [
  'CLOCK_SKEW',
  'PROTOCOL_VERSION_MISMATCH',
  'WASM_NOT_FOUND',
  'WORKER_NOT_FOUND',
] as const;

/** For a caller who would send it again. */
function stillQueued(cause: QuicprochatError): QuicprochatError {
  const { code, message, retryable, details } = cause;
  return errorFrom({
    code,
    message: `${message} The message or change stays queued.`,
    retryable,
    details: { ...details, queued: true },
    cause,
  });
}

/** For the caller whose patience is over; what else stopped it than the network is told as it is. */
function queued(cause: unknown): QuicprochatError {
  if (cause instanceof QuicprochatError) return cause.code === 'NETWORK' ? stillQueued(cause) : cause;
  const message = 'The relay has not confirmed the message or change yet.';
  return stillQueued(sdkError('NETWORK', message, { details: { reason: 'unconfirmed' }, cause }));
}
