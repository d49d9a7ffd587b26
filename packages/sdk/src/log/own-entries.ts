import { fromBase64Url, type EntryContent, type GroupEntry, type GroupId } from '@quicprochat/protocol';
import type { CoreMember } from '../worker/protocol.ts';
import { learnContacts } from '../account/contact-keys.ts';
import { endConversation, endIfDeserted } from './endings.ts';
import { recordCommit } from '../content/history.ts';
import { encodeName } from '../content/messages.ts';
import type { OutboxRow } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';

/**
 * Whether an entry is this row's. An id alone proves nothing, since the relay hands it out: all that others are told of it
 * must be ours as well.
 */
export function isOwn(row: OutboxRow, entry: GroupEntry): boolean {
  if (row.id !== entry.id) return false;
  switch (row.kind) {
    case 'create':
      return false;
    case 'commit': {
      const { commit, candidate, nextAccessKey } = row.prepared ?? {};
      const isCommit = entry.kind === 'commit' && commit === entry.payload;
      return isCommit && candidate === entry.candidate && nextAccessKey === entry.nextAccessKey;
    }
    case 'message':
    case 'leave':
      return row.prepared?.message === entry.payload;
  }
}

/** What a prepared row's entry says. */
export function preparedContent(row: OutboxRow): EntryContent {
  if (row.kind === 'create' || row.prepared === undefined)
    throw new Error('an outbox row is in the log before it is prepared');
  const { id } = row;
  if (row.kind !== 'commit')
    return { kind: 'message', epoch: row.prepared.epoch, id, payload: fromBase64Url(row.prepared.message) };
  const { epoch, candidate, commit, nextAccessKey } = row.prepared;
  return {
    kind: 'commit',
    epoch,
    id,
    candidate,
    payload: fromBase64Url(commit),
    nextAccessKey: fromBase64Url(nextAccessKey),
  };
}

/**
 * Takes something of ours for done, now that it stands in the log: a message is sent, a commit is merged.
 * Whoever waits for it sees its row leave the outbox.
 */
export async function settleOwn(tx: Transaction, row: OutboxRow): Promise<void> {
  tx.removeOutbox(row);
  if (row.kind === 'message' && row.position !== undefined && row.prepared !== undefined) {
    await tx.amend(row.conversationId, row.position, { state: 'sent', epoch: row.prepared.epoch });
  }
  if (row.kind === 'leave') await endIfDeserted(tx, row.conversationId);
  if (row.kind === 'commit' && row.prepared !== undefined) {
    const before = (await tx.group(row.conversationId)).members;
    const { nowMs } = tx;
    const { added, removed, active } = await tx.callGroup(row.conversationId, 'group.merge', {});
    const sender = before.find(({ own }) => own) as CoreMember;
    recordCommit(
      tx,
      row.conversationId,
      { sender, epoch: row.prepared.epoch, added, removed },
      { id: row.id, nowMs },
    );
    learnContacts(tx, added);
    if (added.length > 0) tellName(tx, row.conversationId);
    if (!active) await endConversation(tx, row.conversationId);
  }
}

/** Whoever has just come in has not read the message that named the conversation. Queued together with the commit that adds. */
function tellName(tx: Transaction, conversationId: GroupId): void {
  const { id, name: shown, state } = tx.conversation(conversationId);
  const waiting = tx.outboxRows(conversationId).filter((row) => row.kind === 'message');
  const isTold = waiting.some(({ position }) => position === undefined);
  // They read for themselves of a new name that waits; and it may yet be cancelled.
  const name = waiting.find(({ renames }) => renames !== undefined)?.renames?.from ?? shown;
  if (name === '' || state !== 'active' || isTold) return;
  const reminder = encodeName(tx.platform, name, { reminder: true });
  tx.enqueue({ kind: 'message', conversationId: id, id: reminder.id, payload: reminder.bytes });
}
