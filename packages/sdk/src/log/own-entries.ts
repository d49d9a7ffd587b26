import {
  fromBase64Url,
  toBase64Url,
  type EntryContent,
  type GroupEntry,
  type GroupId,
} from '@quicprochat/protocol';
import type { CoreMember } from '../worker/protocol.ts';
import { learnContacts } from '../account/contact-keys.ts';
import { renewKeyPackages } from '../account/key-package-renewal.ts';
import { endConversation, endIfDeserted } from './endings.ts';
import { noteCopy, recordCommit } from '../content/history.ts';
import { encodeName } from '../content/messages.ts';
import { encodeAgain } from '../content/payload.ts';
import { newEntryId } from '../model/entry-id.ts';
import type { OutboxMessage, OutboxRow } from '../state/rows.ts';
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
  if (row.kind === 'message' && row.prepared !== undefined) await settleMessage(tx, row, row.prepared.epoch);
  if (row.kind === 'leave') await endIfDeserted(tx, row.conversationId);
  if (row.kind === 'commit' && row.prepared !== undefined) {
    const before = (await tx.group(row.conversationId)).members;
    const { nowMs } = tx;
    const { added, removed, active } = await tx.callGroup(row.conversationId, 'group.merge', {});
    if (row.heals === true) tx.update(row.conversationId, { mustHeal: undefined });
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

/** What was encrypted while a copy of this device was about may not open for others, and goes out again after healing. */
async function settleMessage(tx: Transaction, row: OutboxMessage, epoch: number): Promise<void> {
  if (tx.conversation(row.conversationId).mustHeal === true) return sayAgain(tx, row);
  if (row.position !== undefined) await tx.amend(row.conversationId, row.position, { state: 'sent', epoch });
}

/**
 * Puts a message back in its place, under another id: under the one that it had, the relay has something that cannot be
 * taken back.
 */
async function sayAgain(tx: Transaction, row: OutboxMessage): Promise<void> {
  const { conversationId, order, conflicts, position, renames } = row;
  tx.putOutbox({
    ...{ kind: 'message', conversationId, order, conflicts },
    id: newEntryId(tx.platform.random),
    payload: toBase64Url(encodeAgain(fromBase64Url(row.payload))),
    ...(position !== undefined && { position }),
    ...(renames !== undefined && { renames }),
  });
  if (position !== undefined) await tx.amend(conversationId, position, { state: 'queued' });
}

/**
 * Handles a message in the log that is from this device and that this storage has not written: the storage was put back to
 * an earlier state, or a copy of it is in use.
 *
 * @returns whether one was waiting under the same id
 */
export async function takeOwnOfBefore(
  tx: Transaction,
  conversationId: GroupId,
  entry: GroupEntry,
): Promise<boolean> {
  if (tx.conversation(conversationId).mustHeal !== true) renewKeyPackages(tx);
  noteCopy(tx, conversationId, entry);
  const row = tx.outboxRow(entry.id);
  if (row?.kind !== 'message' || row.conversationId !== conversationId) return false;
  tx.removeOutbox(row);
  if (row.attempted) {
    // Whoever has seen its id could have put anything of ours under it.
    await sayAgain(tx, row);
  } else if (row.position !== undefined) {
    // It never left this device since, so that nobody else can know its id: it is that very message.
    await tx.amend(conversationId, row.position, { state: 'sent', epoch: entry.epoch });
  }
  return true;
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
