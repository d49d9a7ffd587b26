import type { GroupId, Posted } from '@quicprochat/protocol';
import { preparedContent, settleOwn } from '../log/own-entries.ts';
import type { Witness } from '../log/witness.ts';
import { outbox, outboxKey, type ConversationRow, type OutboxRow } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';
import type { Batch } from './preparing.ts';

/** Something that was sent, and where the relay put it. */
interface Placed {
  sent: OutboxRow;
  sequence: number;
}

/**
 * The relay has a batch. If nothing stands between the cursor and it, it counts at once. Otherwise the reader settles it
 * when it comes there, since the entries before it belong to the epoch that it may end.
 *
 * @returns 'behind' if the log must be read first
 */
export async function takeAccepted(
  tx: Transaction,
  { batch, posted }: { batch: Batch; posted: Posted },
  witness: Witness,
): Promise<'progress' | 'behind'> {
  const placed = batch.map((sent, i): Placed => ({ sent, sequence: posted.sequences[i] ?? 0 }));
  const waiting = placed.filter(({ sent }) => waitingRow(tx, sent) !== undefined);
  if (waiting.length === 0) return 'progress';
  const conversation = tx.conversation(batch[0].conversationId);
  const position = await positionAfter(conversation, { placed, waiting, receipt: posted.receipt }, witness);
  if (position !== undefined) tx.update(conversation.id, position);
  for (const { sent, sequence } of waiting) {
    const row = waitingRow(tx, sent);
    if (row === undefined) continue;
    if (position === undefined) await noteAccepted(tx, row, sequence);
    else await settleOwn(tx, row);
  }
  return position === undefined ? 'behind' : 'progress';
}

/** The row as it is now, if it still waits. */
function waitingRow(tx: Transaction, sent: OutboxRow): OutboxRow | undefined {
  const row = tx.row(outbox, outboxKey(sent));
  return row?.id === sent.id ? row : undefined;
}

/**
 * Where the reader stands after the batch: the relay's receipt is for the last entry, and its head vouches for all of them.
 * Undefined if they do not continue from the cursor, or if the receipt is not one for that.
 */
async function positionAfter(
  conversation: ConversationRow,
  { placed, waiting, receipt }: { placed: Placed[]; waiting: Placed[]; receipt: Posted['receipt'] },
  witness: Witness,
): Promise<Partial<ConversationRow> | undefined> {
  // A stream may have brought the first of them already.
  const unread = placed.filter(({ sequence }) => sequence > conversation.cursor);
  if (unread.length !== waiting.length || unread.some((one, i) => one !== waiting[i])) return undefined;
  let reached = conversation;
  let position: Partial<ConversationRow> | undefined;
  for (const { sent, sequence } of unread) {
    if (sequence !== reached.cursor + 1) return undefined;
    const isLast = sent === unread.at(-1)?.sent;
    const content = preparedContent(sent);
    position = await witness.advance(reached, sequence, content, isLast ? receipt : undefined);
    if (position === undefined) return undefined;
    reached = { ...reached, ...position };
  }
  return position;
}

async function noteAccepted(tx: Transaction, row: OutboxRow, sequence: number): Promise<void> {
  if (row.kind === 'message' && row.position !== undefined && row.prepared !== undefined)
    await tx.amend(row.conversationId, row.position, { state: 'sent', epoch: row.prepared.epoch });
  tx.putOutbox({ ...row, accepted: sequence });
}

/**
 * Takes back that the relay has what waits for its place in the log: the log was read to its end, and it is not there. It
 * goes out again as it is, under the same ids.
 *
 * @returns whether anything was taken back
 */
export async function takeBackAccepted(tx: Transaction, conversationId: GroupId): Promise<boolean> {
  const missing = tx.outboxRows(conversationId).filter((row) => row.accepted !== undefined);
  for (const row of missing) {
    tx.putOutbox({ ...row, accepted: undefined });
    if (row.kind === 'message' && row.position !== undefined)
      await tx.amend(row.conversationId, row.position, { state: 'queued' });
  }
  return missing.length > 0;
}
