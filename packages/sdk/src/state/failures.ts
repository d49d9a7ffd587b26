import type { EntryId } from '@quicprochat/protocol';
import { errorFrom, type QuicprochatError, type StoredError } from '../model/errors.ts';
import type { Ledger } from './ledger.ts';
import { failures, type OutboxRow } from './rows.ts';
import type { Transaction } from './transaction.ts';

/** How many failures are kept. A tab that slept through more takes older ones for done (see security/limits). */
const MOST = 1_000;

/**
 * Removes a change from the outbox and stores why it failed, in the same transaction. So the caller learns the reason in
 * whichever tab or process it waits.
 *
 * @param error undefined if the change was cancelled
 */
export function fail(tx: Transaction, row: OutboxRow, error?: QuicprochatError): void {
  failAll(tx, [row], error);
}

/** The same for several changes. Of more than are kept, the reasons of the last. */
export function failAll(tx: Transaction, rows: readonly OutboxRow[], error?: QuicprochatError): void {
  for (const row of rows) tx.removeOutbox(row);
  const told = rows.slice(-MOST);
  const kept = tx.stored(failures).sort((a, b) => a.n - b.n);
  for (const { id } of kept.slice(0, Math.max(0, kept.length - MOST + told.length))) tx.remove(failures, id);
  let n = kept.at(-1)?.n ?? 0;
  for (const { id } of told) tx.put(failures, id, { id, n: ++n, ...(error && { error: plain(error) }) });
}

/** Returns why a change failed: its error, or an AbortError if it was cancelled. Undefined if it did not fail. */
export function failureOf(ledger: Ledger, id: EntryId): Error | undefined {
  const row = ledger.row(failures, id);
  if (row === undefined) return undefined;
  return row.error === undefined ? cancelled() : errorFrom(row.error);
}

function plain({ code, message, retryable, details }: QuicprochatError): StoredError {
  return { code, message, retryable, details };
}

function cancelled(): DOMException {
  return new DOMException('The change was cancelled before it was sent.', 'AbortError');
}
