import { fromBase64Url, toBase64Url, type Accepted, type GroupId } from '@quicprochat/protocol';
import { hasCode, QuicprochatError, sdkError } from '../model/errors.ts';
import type { Relay } from '../transport/relay.ts';
import type { GroupState } from '../worker/protocol.ts';
import { newEntryId } from '../model/entry-id.ts';
import type { Ledger } from '../state/ledger.ts';
import { preparedContent, settleOwn } from '../log/own-entries.ts';
import {
  conversations,
  outbox,
  outboxKey,
  type ConversationRow,
  type Intent,
  type OutboxRow,
} from '../state/rows.ts';
import { stage, welcomeFor } from './staging.ts';
import { isContested, isReadable } from '../state/standing.ts';
import type { Transaction } from '../state/transaction.ts';
import { takeBack } from './withdrawal.ts';
import type { Witness } from '../log/witness.ts';

/** Other members' commits may come first this often before an intent is given up. */
const MAX_CONFLICTS = 20;

/** Waited after a lost race, times a random fraction and the number of races lost. */
const CONFLICT_BACKOFF_MS = 150;

/** What became of one try to send. */
export type Step =
  /** Nothing waits that can be sent now. */
  | 'idle'
  /** Something was done; there may be more. */
  | 'progress'
  /** The log has moved on: read it before the next try. */
  | 'behind';

/**
 * Sends what waits in a conversation's outbox, first things first. Each thing is sealed or staged for the epoch of the
 * moment and stored in that form *before* it is sent, in the same transaction as the core's state: after a crash the
 * very same bytes go out again under the same id, and no key is ever used for two texts.
 */
export class OutboxSender {
  readonly #ledger: Ledger;
  readonly #relay: Relay;
  readonly #witness: Witness;
  readonly #isAway: () => boolean;

  /** @param parts `isAway` tells whether the relay is known to be out of reach */
  constructor(parts: { ledger: Ledger; relay: Relay; witness: Witness; isAway: () => boolean }) {
    this.#ledger = parts.ledger;
    this.#relay = parts.relay;
    this.#witness = parts.witness;
    this.#isAway = parts.isAway;
  }

  /** Tries to send the first thing that waits. Throws what leaves it waiting: no network, no storage. */
  async step(conversationId: GroupId): Promise<Step> {
    const prepared = await this.#prepareFirst(conversationId);
    if (prepared === undefined) return 'idle';
    if (prepared === 'settled') return 'progress';
    // It is in the log already, further on than we have read.
    if (prepared.accepted !== undefined) return 'behind';
    try {
      const accepted = await this.#submit(prepared);
      return await this.#accept(prepared, accepted);
    } catch (error) {
      return this.#refused(prepared, error);
    }
  }

  /** The first row, sealed or staged for the epoch of the moment. */
  async #prepareFirst(conversationId: GroupId): Promise<OutboxRow | 'settled' | undefined> {
    const waiting = this.#ledger.outbox.first(conversationId);
    if (waiting === undefined) return undefined;
    try {
      return await this.#ledger.transact(async (tx) => {
        const row = tx.firstInOutbox(conversationId);
        if (row === undefined || !isReadable(tx.conversation(conversationId))) return undefined;
        // Nothing of it has left the device, and as long as the relay is away it can be cancelled for certain.
        if (!row.attempted && this.#isAway()) return undefined;
        const prepared = await this.#prepare(tx, row);
        return typeof prepared === 'object' ? begin(tx, prepared) : prepared;
      });
    } catch (error) {
      if (isTransient(error)) throw error;
      await this.#giveUp(waiting, error as QuicprochatError);
      return 'settled';
    }
  }

  async #prepare(tx: Transaction, row: OutboxRow): Promise<OutboxRow | 'settled' | undefined> {
    if (row.kind === 'create' || row.accepted !== undefined) return row;
    const group = await tx.group(row.conversationId);
    if (row.kind === 'commit') return this.#prepareCommit(tx, row, group);
    return this.#prepareMessage(tx, row, group);
  }

  async #prepareMessage(
    tx: Transaction,
    row: Extract<OutboxRow, { kind: 'message' | 'leave' }>,
    group: GroupState,
  ): Promise<OutboxRow | 'settled' | undefined> {
    const conversation = tx.conversation(row.conversationId);
    // Who leaves cannot commit: the others bring the epoch to its end.
    if (isContested(conversation) && conversation.state === 'leaving') return undefined;
    const blocked = blockerOf(row, conversation, group);
    if (blocked !== undefined) {
      const id = newEntryId(this.#ledger.platform.random);
      tx.enqueue(
        { kind: 'commit', conversationId: row.conversationId, id, intent: blocked },
        { urgent: true },
      );
      return 'settled';
    }
    if (row.prepared?.epoch === group.epoch) return row;
    const bytes = await this.#seal(tx, row);
    const prepared = { epoch: group.epoch, message: toBase64Url(bytes) };
    const sealed: OutboxRow = { ...row, prepared };
    tx.putOutbox(sealed);
    return sealed;
  }

  #seal(tx: Transaction, row: Extract<OutboxRow, { kind: 'message' | 'leave' }>): Promise<Uint8Array> {
    if (row.kind === 'leave') return tx.callGroup(row.conversationId, 'group.leave', {});
    return tx.callGroup(row.conversationId, 'group.encrypt', { plaintext: fromBase64Url(row.payload) });
  }

  async #prepareCommit(
    tx: Transaction,
    row: Extract<OutboxRow, { kind: 'commit' }>,
    group: GroupState,
  ): Promise<OutboxRow | 'settled'> {
    const { voidCommits: candidate = 0 } = tx.conversation(row.conversationId);
    if (row.prepared?.epoch === group.epoch && row.prepared.candidate === candidate) return row;
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
    const ready: OutboxRow = { ...row, prepared };
    tx.putOutbox(ready);
    return ready;
  }

  /** Undefined where it leaves no entry. */
  async #submit(row: OutboxRow): Promise<Accepted | undefined> {
    const { conversationId: groupId, id } = row;
    if (row.kind === 'create') {
      const group = this.#ledger.group(groupId);
      if (group === undefined) throw new Error('a group without state is being created');
      await this.#relay.groups.create(groupId, toBase64Url(group.accessKey));
      return undefined;
    }
    if (row.prepared === undefined) throw new Error('an outbox row is sent before it is prepared');
    if (row.kind === 'commit') return this.#relay.groups.commit({ groupId, id, ...row.prepared });
    const { epoch, message } = row.prepared;
    const { sequences, receipt } = await this.#relay.groups.post({
      groupId,
      epoch,
      entries: [{ id, message }],
    });
    return { sequence: sequences[0] ?? 0, receipt };
  }

  /**
   * The relay has it. Where nothing stands between our cursor and it, it counts at once; otherwise when the reader
   * comes to it, since what others posted before it belongs to the epoch that it may end.
   */
  #accept(sent: OutboxRow, accepted: Accepted | undefined): Promise<Step> {
    return this.#ledger.transact(async (tx): Promise<Step> => {
      const row = tx.row(outbox, outboxKey(sent));
      if (row?.id !== sent.id) return 'progress';
      if (row.kind === 'create' || accepted === undefined) {
        tx.removeOutbox(row);
        return 'progress';
      }
      const { sequence, receipt } = accepted;
      const conversation = tx.conversation(row.conversationId);
      const isNext = conversation.cursor + 1 === sequence;
      const position =
        isNext && (await this.#witness.advance(conversation, sequence, preparedContent(sent), receipt));
      if (position) {
        tx.update(row.conversationId, position);
        await settleOwn(tx, row, this.#ledger.platform);
        return 'progress';
      }
      if (row.kind === 'message' && row.position !== undefined && row.prepared !== undefined) {
        await tx.amend(row.conversationId, row.position, { state: 'sent', epoch: row.prepared.epoch });
      }
      tx.putOutbox({ ...row, accepted: sequence });
      return 'behind';
    });
  }

  async #refused(row: OutboxRow, error: unknown): Promise<Step> {
    if (hasCode(error, 'EPOCH_CONFLICT', 'STALE_EPOCH')) return this.#lostRace(row);
    // While it was being signed, another tab took the group to the next epoch: seal it anew.
    const epoch = this.#ledger.row(conversations, row.conversationId)?.epoch;
    if (row.kind !== 'create' && row.prepared?.epoch !== epoch) return 'behind';
    // The relay may have accepted it. The log will show.
    if (hasCode(error, 'RELAY_MISBEHAVED')) return 'behind';
    if (isTransient(error)) throw error;
    await this.#giveUp(row, error as QuicprochatError);
    return 'progress';
  }

  async #lostRace(row: OutboxRow): Promise<Step> {
    if (row.conflicts + 1 >= MAX_CONFLICTS) {
      const message =
        'The relay kept accepting other members’ changes first. Nothing was changed; try again.';
      await this.#giveUp(row, sdkError('COMMIT_CONTENTION', message));
      return 'behind';
    }
    await this.#ledger.transact(async (tx) => {
      const current = tx.row(outbox, outboxKey(row));
      if (current?.id === row.id) tx.putOutbox({ ...current, conflicts: current.conflicts + 1 });
    });
    const { random, timers } = this.#ledger.platform;
    await timers.sleep(random.fraction() * CONFLICT_BACKOFF_MS * (row.conflicts + 1));
    return 'behind';
  }

  /** Takes a row out that can never succeed, undoes what it had staged, and tells whoever waits for it. */
  async #giveUp(row: OutboxRow, error: QuicprochatError): Promise<void> {
    await this.#ledger.transact(async (tx) => {
      const current = tx.row(outbox, outboxKey(row));
      if (current?.id !== row.id) return;
      await takeBack(tx, current, error);
      if (current.kind === 'commit' && current.prepared !== undefined) {
        await tx.callGroup(current.conversationId, 'group.clear', {});
      }
    });
  }
}

/** Notes that a request with it is about to be started, in the transaction that makes it ready for that. */
function begin(tx: Transaction, row: OutboxRow): OutboxRow {
  if (row.attempted) return row;
  const begun: OutboxRow = { ...row, attempted: true };
  tx.putOutbox(begun);
  return begun;
}

/**
 * What must be committed before this can be sent: anything, where the epoch was ended by void commits alone; of messages,
 * pending proposals (RFC 9420 §12.2) and overdue healing.
 */
function blockerOf(
  { kind }: OutboxRow,
  conversation: ConversationRow,
  group: GroupState,
): Intent | undefined {
  if (isContested(conversation)) return { type: 'heal' };
  if (kind !== 'message') return undefined;
  if (group.hasPendingProposals) return { type: 'commit-proposals' };
  if (group.updateDue === 'must') return { type: 'heal' };
  return undefined;
}

/** Whether the same thing may go through later, so that it stays in the outbox. */
function isTransient(error: unknown): boolean {
  return (
    !(error instanceof QuicprochatError) ||
    error.retryable ||
    hasCode(error, 'CLOSED', 'REPLAYED', 'STORE_VERSION', 'UNAUTHENTICATED')
  );
}
