import { toBase64Url, type GroupId } from '@quicprochat/protocol';
import { newEntryId } from '../model/entry-id.ts';
import { errorFrom } from '../model/errors.ts';
import type { Ledger } from '../state/ledger.ts';
import { failures, type ConversationRow, type Intent, type OutboxRow } from '../state/rows.ts';
import { updateDue } from '../model/due.ts';
import { isContested, isReadable } from '../state/standing.ts';
import type { Transaction } from '../state/transaction.ts';
import type { GroupState } from '../worker/protocol.ts';
import { begin, messagesAtHead, sealMessages } from './sealing.ts';
import { stage, welcomeFor } from './staging.ts';
import { takeBack } from './withdrawal.ts';

/** What goes out in one call: one change, or several messages. */
export type Batch = readonly [OutboxRow, ...OutboxRow[]];

/** How much to prepare, and of what. */
interface Limits {
  most: number;
  /** Whether the relay is known to be out of reach. */
  isAway: boolean;
}

/**
 * Seals or stages what is next to be sent for the current epoch, and notes that a request with it may be started.
 *
 * @returns 'settled' if something else was done that comes first; undefined if nothing can be sent now
 */
export async function prepareNext(
  tx: Transaction,
  { ledger, conversationId, ...limits }: Limits & { ledger: Ledger; conversationId: GroupId },
): Promise<Batch | 'settled' | undefined> {
  const row = tx.firstInOutbox(conversationId);
  if (row === undefined || !isReadable(tx.conversation(conversationId))) return undefined;
  // Nothing of it has left the device, and as long as the relay is away it can be cancelled for certain.
  if (!row.attempted && limits.isAway) return undefined;
  if (row.kind === 'create' || row.accepted !== undefined) return [begin(tx, row)];
  const group = await tx.group(conversationId);
  if (row.kind === 'commit') return prepareCommit(tx, row, group);
  const conversation = tx.conversation(conversationId);
  // A member that leaves cannot commit: the others bring the epoch to its end.
  if (isContested(conversation) && conversation.state === 'leaving') return undefined;
  const blocker = blockerOf(row, { conversation, group, nowMs: tx.nowMs });
  if (blocker !== undefined) return commitFirst(tx, row, blocker);
  if (row.kind === 'leave') return prepareLeave(tx, row, group);
  // At the beginning of a transaction these are all. The rest of a long queue is not looked at.
  const head = messagesAtHead(ledger.outbox.of(conversationId), limits);
  const [first, ...others] = await sealMessages(tx, conversationId, head);
  if (first === undefined) return commitFirst(tx, row, { type: 'heal' });
  return [first, ...others];
}

/** Puts a commit before what waits for it. If one was tried and has failed for good, the next would, too. */
async function commitFirst(tx: Transaction, row: OutboxRow, intent: Intent): Promise<'settled'> {
  const failure = row.after && tx.row(failures, row.after)?.error;
  if (failure !== undefined) {
    await takeBack(tx, row, errorFrom(failure));
    return 'settled';
  }
  const { conversationId } = row;
  const id = newEntryId(tx.platform.random);
  tx.putOutbox({ ...row, after: id });
  tx.enqueue({ kind: 'commit', conversationId, id, intent }, { urgent: true });
  return 'settled';
}

async function prepareLeave(
  tx: Transaction,
  row: Extract<OutboxRow, { kind: 'leave' }>,
  group: GroupState,
): Promise<Batch> {
  if (row.prepared?.epoch === group.epoch) return [begin(tx, row)];
  const message = toBase64Url(await tx.callGroup(row.conversationId, 'group.leave', {}));
  const ready: OutboxRow = { ...row, prepared: { epoch: group.epoch, message }, attempted: true };
  tx.putOutbox(ready);
  return [ready];
}

async function prepareCommit(
  tx: Transaction,
  row: Extract<OutboxRow, { kind: 'commit' }>,
  group: GroupState,
): Promise<Batch | 'settled'> {
  const { voidCommits: candidate = 0, mustHeal = false } = tx.conversation(row.conversationId);
  if (row.prepared?.epoch === group.epoch && row.prepared.candidate === candidate) return [begin(tx, row)];
  if (group.hasPendingCommit) await tx.callGroup(row.conversationId, 'group.clear', {});
  const staged = await stage(tx, row, group);
  if (staged === undefined) {
    // Another member has brought about what this was for.
    tx.removeOutbox(row);
    return 'settled';
  }
  const { bundle, added } = staged;
  const prepared = {
    epoch: group.epoch,
    candidate,
    commit: toBase64Url(bundle.commit),
    nextAccessKey: toBase64Url(bundle.nextAccessKey),
    welcome: bundle.welcome ? welcomeFor(added, bundle.welcome) : null,
  };
  const ready: OutboxRow = { ...row, prepared, heals: mustHeal, attempted: true };
  tx.putOutbox(ready);
  return [ready];
}

/**
 * What must be committed before this can be sent: anything, if the epoch was ended by void commits alone, or if a copy of
 * this device may have used its next keys; before messages, pending proposals (RFC 9420 §12.2) and overdue healing.
 */
function blockerOf(
  { kind }: OutboxRow,
  { conversation, group, nowMs }: { conversation: ConversationRow; group: GroupState; nowMs: number },
): Intent | undefined {
  if (isContested(conversation) || conversation.mustHeal === true) return { type: 'heal' };
  if (kind !== 'message') return undefined;
  if (group.hasPendingProposals) return { type: 'commit-proposals' };
  if (updateDue(group, nowMs) === 'must') return { type: 'heal' };
  return undefined;
}
