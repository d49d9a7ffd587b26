import type { OutboxRow } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';

/** Takes back what was shown of a message or a new name before it was sent. */
export async function undoShown(tx: Transaction, row: OutboxRow): Promise<void> {
  if (row.kind !== 'message') return;
  const { conversationId, position, renames } = row;
  if (position !== undefined) await tx.amend(conversationId, position, { state: 'failed' });
  if (renames === undefined) return;
  for (const later of tx.outboxRows(conversationId)) {
    if (later.kind !== 'message' || later.renames === undefined || later.order < row.order) continue;
    return tx.putOutbox({ ...later, renames: { ...later.renames, from: renames.from } });
  }
  // Unless somebody else has named it meanwhile.
  if (tx.conversation(conversationId).name === renames.to) tx.update(conversationId, { name: renames.from });
}
