import { fromBase64Url, LIMITS, toBase64Url, type GroupId } from '@quicprochat/protocol';
import type { OutboxMessage, OutboxRow } from '../state/rows.ts';
import { updateDue } from '../model/due.ts';
import { isContested } from '../state/standing.ts';
import type { Transaction } from '../state/transaction.ts';

/** A sealed message is at most this much longer than its plaintext: an eighth of padding, and the fields of MLS. */
const PADDED = 9 / 8;
const AROUND_ONE_BYTES = 1_024;

/**
 * Picks the messages at the head of an outbox that go out in one call. They begin with the oldest: what the relay has
 * stored of earlier calls must come first in a repeated one.
 *
 * @param rows what waits in a conversation, first to go first
 * @param limits how many messages at most; if `isAway`, only those that may have left the device before
 */
export function messagesAtHead(
  rows: Iterable<OutboxRow>,
  { most, isAway }: { most: number; isAway: boolean },
): OutboxMessage[] {
  const head: OutboxMessage[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (head.length === most || row.kind !== 'message' || row.accepted !== undefined) break;
    if (isAway && !row.attempted) break;
    bytes += row.payload.length * (3 / 4) * PADDED + AROUND_ONE_BYTES;
    if (head.length > 0 && bytes > LIMITS.maxPostBytes) break;
    head.push(row);
  }
  return head;
}

/**
 * Seals messages for the current epoch, if they are not, and notes that a request with them may be started: all in the
 * transaction that is stored before that.
 *
 * @returns the messages up to the one with which healing falls due; none if it is overdue
 */
export async function sealMessages(
  tx: Transaction,
  conversationId: GroupId,
  rows: readonly OutboxMessage[],
): Promise<OutboxMessage[]> {
  const group = await tx.group(conversationId);
  const { epoch } = group;
  const isSealed = ({ prepared }: OutboxMessage) => prepared?.epoch === epoch;
  const sealedBefore = rows.filter(isSealed);
  // Healing fell due with the last of these: it goes before the others.
  if (updateDue(group, tx.nowMs) !== 'no' && sealedBefore.length > 0)
    return sealedBefore.map((row) => begin(tx, row));
  const unsealed = rows.filter((row) => !isSealed(row));
  const plaintexts = unsealed.map(({ payload }) => fromBase64Url(payload));
  const encrypted =
    plaintexts.length === 0 ? [] : await tx.callGroup(conversationId, 'group.encrypt', { plaintexts });
  const fresh = encrypted.values();
  const sealed: OutboxMessage[] = [];
  for (const row of rows) {
    if (isSealed(row)) {
      sealed.push(begin(tx, row));
      continue;
    }
    const bytes = fresh.next().value;
    if (bytes === undefined) break;
    const next: OutboxMessage = { ...row, prepared: { epoch, message: toBase64Url(bytes) }, attempted: true };
    tx.putOutbox(next);
    sealed.push(next);
  }
  return sealed;
}

/** Notes that a request with it may be started, in the transaction that makes it ready for that. */
export function begin<Row extends OutboxRow>(tx: Transaction, row: Row): Row {
  if (row.attempted) return row;
  const begun: Row = { ...row, attempted: true };
  tx.putOutbox(begun);
  return begun;
}

/** Whether the group takes a message as it is, with nothing to be committed before it. */
export async function isReady(tx: Transaction, conversationId: GroupId): Promise<boolean> {
  const conversation = tx.conversation(conversationId);
  const { state, mustHeal } = conversation;
  if (state !== 'active' || mustHeal === true || isContested(conversation)) return false;
  const group = await tx.group(conversationId);
  return !group.hasPendingCommit && !group.hasPendingProposals && updateDue(group, tx.nowMs) === 'no';
}
