import type { EntryId } from '@quicprochat/protocol';
import { sdkError, type QuicprochatError } from '../model/errors.ts';
import { undoShown } from '../content/undo.ts';
import { fail, failAll } from '../state/failures.ts';
import type { Ledger } from '../state/ledger.ts';
import { conversations, drafts, type OutboxRow } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';

/** What became of a wish to cancel. */
export type Withdrawal =
  /** It will not happen; or only because somebody else wants it, too. */
  | 'withdrawn'
  /** A request with it was started: it may still happen. */
  | 'begun'
  /** Nothing of it waits any more. */
  | 'over';

/**
 * Takes out of the outbox what belongs to one change, if nothing of it can have left the device. Whether it can stands in
 * the store with each row, so that this decides between tabs as well: it and the sending of another tab are transactions
 * on the same rows, of which one comes first.
 */
export function withdraw(ledger: Ledger, ids: readonly EntryId[]): Promise<Withdrawal> {
  return ledger.transact((tx) => take(tx, ids));
}

async function take(tx: Transaction, ids: readonly EntryId[]): Promise<Withdrawal> {
  const rows = ids.flatMap((id) => tx.outboxRow(id) ?? []);
  if (rows.length === 0) return 'over';
  // If a part is gone, it has been sent.
  if (rows.length < ids.length || rows.some(({ attempted }) => attempted)) return 'begun';
  for (const row of rows) {
    const { wanted = 1 } = row;
    if (wanted > 1) {
      tx.putOutbox({ ...row, wanted: wanted - 1 });
      continue;
    }
    await takeBack(tx, row);
  }
  const made = rows.find(({ kind }) => kind === 'create');
  if (made !== undefined) await unmake(tx, made);
  return 'withdrawn';
}

/** The conversation was never made: nothing of it remains, and who waits for something in it is told so. */
async function unmake(tx: Transaction, { conversationId }: OutboxRow): Promise<void> {
  failAll(tx, tx.outboxRows(conversationId), neverMade());
  await tx.forgetGroup(conversationId);
  tx.forgetHistory(conversationId);
  tx.remove(drafts, conversationId);
  tx.remove(conversations, conversationId);
}

/**
 * Removes a change from the outbox, and takes back what was shown of it.
 *
 * @param error undefined if the change was cancelled
 */
export async function takeBack(tx: Transaction, row: OutboxRow, error?: QuicprochatError): Promise<void> {
  fail(tx, row, error);
  await undoShown(tx, row);
  if (row.kind === 'leave') tx.update(row.conversationId, { state: 'active' });
}

function neverMade() {
  return sdkError(
    'CONVERSATION_NOT_FOUND',
    'This conversation was cancelled before it was created. Create it again if you need it.',
  );
}

export function tooLate() {
  return sdkError(
    'TOO_LATE_TO_CANCEL',
    'The change was already on its way when it was cancelled, so it may still take effect. Check the conversation in a moment.',
  );
}
