import type { GroupId } from '@quicprochat/protocol';
import type { Ledger } from '../state/ledger.ts';
import type { Transaction } from '../state/transaction.ts';
import type { BatchSize } from './batch-size.ts';
import { isReady, messagesAtHead, sealMessages } from './sealing.ts';

/** Requests that one transaction stores. */
const MOST_TOGETHER = 1_000;

interface Request {
  conversationId: GroupId;
  check: (tx: Transaction) => void;
  write: (tx: Transaction) => unknown;
  signal: AbortSignal | undefined;
  resolve: (result: never) => void;
  reject: (error: unknown) => void;
}

/** What becomes of a request when its transaction is committed. */
type Outcome = () => void;

/** Requests that are stored together. */
interface Round {
  requests: Request[];
  /** Whether to seal what is next to be sent. */
  seals: boolean;
}

/**
 * Stores messages in the order of the calls. Calls that come while a transaction runs are stored together in the next one,
 * and each caller gets its own result or error. The same transaction seals what is next to be sent. So a message that
 * nothing waits before costs two commits: this one, and the one that settles it.
 */
export class Intake {
  readonly #ledger: Ledger;
  readonly #sizes: BatchSize;
  readonly #maySend: (conversationId: GroupId) => boolean;
  /** The round whose transaction has not begun. */
  #next: Round | undefined;

  /** @param parts `maySend` tells whether a request with what is sealed starts at once */
  constructor(parts: { ledger: Ledger; sizes: BatchSize; maySend: (conversationId: GroupId) => boolean }) {
    this.#ledger = parts.ledger;
    this.#sizes = parts.sizes;
    this.#maySend = parts.maySend;
  }

  /**
   * Stores one message. Stores nothing if the check throws, or if the signal is aborted by then.
   *
   * @param request `check` runs once in each transaction for all requests that share it; `write` must not throw
   */
  store<Result>(
    conversationId: GroupId,
    request: {
      check: (tx: Transaction) => void;
      write: (tx: Transaction) => Result;
      signal: AbortSignal | undefined;
    },
  ): Promise<Result> {
    return new Promise((resolve, reject) => {
      const round = this.#open();
      round.requests.push({ conversationId, ...request, resolve, reject });
      if (round.requests.length >= MOST_TOGETHER) this.divide();
    });
  }

  /** Keeps the order of calls around a transaction that the caller starts now: what comes later is stored after it. */
  divide(): void {
    this.#next = undefined;
  }

  #open(): Round {
    if (this.#next !== undefined) return this.#next;
    const round: Round = { requests: [], seals: true };
    this.#next = round;
    this.#run(round).then(
      (outcomes) => {
        for (const settle of outcomes) settle();
      },
      (error: unknown) => {
        // The storage may have failed before the transaction began.
        if (this.#next === round) this.divide();
        for (const { reject } of round.requests) reject(error);
      },
    );
    return round;
  }

  #run(round: Round): Promise<Outcome[]> {
    return this.#ledger.transact(async (tx) => {
      if (this.#next === round) this.divide();
      const outcomes = storeAll(tx, round.requests);
      if (round.seals) await this.#sealNext(tx, round);
      return outcomes;
    });
  }

  /** Seals what is next to be sent, unless something waits before it or has to be committed before it. */
  async #sealNext(tx: Transaction, round: Round): Promise<void> {
    try {
      for (const id of new Set(round.requests.map(({ conversationId }) => conversationId))) {
        if (this.#ledger.outbox.first(id) !== undefined || !this.#maySend(id)) continue;
        const head = messagesAtHead(tx.outboxRows(id), { most: this.#sizes.of(id), isAway: false });
        if (head.length > 0 && (await isReady(tx, id))) await sealMessages(tx, id, head);
      }
    } catch (error) {
      this.#storeUnsealed(round);
      throw error;
    }
  }

  /** What cannot be sealed waits as it is, and the sender finds out which message it is. Undoes this transaction. */
  #storeUnsealed(round: Round): void {
    const next = this.#open();
    next.requests.unshift(...round.requests.splice(0));
    next.seals = false;
  }
}

function storeAll(tx: Transaction, requests: readonly Request[]): Outcome[] {
  const refusals = new Map<Request['check'], unknown>();
  return requests.map(({ check, write, signal, resolve, reject }) => {
    if (signal?.aborted)
      return () => {
        reject(signal.reason);
      };
    if (!refusals.has(check)) refusals.set(check, refusalOf(check, tx));
    const refusal = refusals.get(check);
    if (refusal !== undefined)
      return () => {
        reject(refusal);
      };
    const result = write(tx);
    return () => {
      resolve(result as never);
    };
  });
}

function refusalOf(check: Request['check'], tx: Transaction): unknown {
  try {
    check(tx);
    return undefined;
  } catch (error) {
    return error;
  }
}
