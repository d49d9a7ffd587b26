import type { GroupId } from '@quicprochat/protocol';
import type { QuicprochatError } from '../model/errors.ts';
import { notActive } from '../model/not-active.ts';
import { failAll } from '../state/failures.ts';
import { conversations, drafts } from '../state/rows.ts';
import { isReadable } from '../state/standing.ts';
import type { Transaction } from '../state/transaction.ts';
import { renewKeyPackages } from '../account/key-package-renewal.ts';
import { undoShown } from '../content/undo.ts';

/**
 * The conversation is over for this member: its keys and its draft are deleted, its history stays.
 *
 * @param end how; by default `left` if the member has asked to leave, and `removed` otherwise
 */
export async function endConversation(
  tx: Transaction,
  conversationId: GroupId,
  end: 'left' | 'removed' = tx.conversation(conversationId).state === 'leaving' ? 'left' : 'removed',
): Promise<void> {
  // Whoever has asked to leave has what was asked for.
  for (const row of tx.outboxRows(conversationId)) if (row.kind === 'leave') tx.removeOutbox(row);
  await dropOutbox(tx, conversationId, notActive(end));
  await tx.forgetGroup(conversationId);
  tx.remove(drafts, conversationId);
  tx.update(conversationId, { state: end });
}

/** Takes out everything that waits. Its callers get the error, even if this device has come back by the time they look. */
export async function dropOutbox(
  tx: Transaction,
  conversationId: GroupId,
  error: QuicprochatError,
): Promise<void> {
  const rows = tx.outboxRows(conversationId);
  failAll(tx, rows, error);
  // The last first: of several new names, each gives way to the one before it.
  for (const row of rows.reverse()) await undoShown(tx, row);
}

/**
 * Notes that this device cannot follow a conversation any more, since the keys of its records are erased: they were put back
 * to an epoch that is over. A member can remove this device and add it again, with a key package that it still has the keys of.
 */
export async function strandLost(tx: Transaction, conversationId: GroupId): Promise<void> {
  if (!isReadable(tx.row(conversations, conversationId))) return;
  await dropOutbox(tx, conversationId, notActive('stuck'));
  tx.update(conversationId, { state: 'stuck' });
  renewKeyPackages(tx);
}

/**
 * Ends a conversation that everybody has asked to leave. No member can commit its own removal, so each one ends it by
 * itself. Only once the log holds this member's own proposal, too: the others count on seeing it there.
 */
export async function endIfDeserted(tx: Transaction, conversationId: GroupId): Promise<void> {
  if (tx.conversation(conversationId).state !== 'leaving') return;
  if (tx.outboxRows(conversationId).some(({ kind }) => kind === 'leave')) return;
  if ((await tx.group(conversationId)).deserted) await endConversation(tx, conversationId);
}
