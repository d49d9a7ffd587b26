import { toBase64Url, type GroupId, type Posted } from '@quicprochat/protocol';
import { hasCode, QuicprochatError, sdkError } from '../model/errors.ts';
import type { Platform } from '../platform/platform.ts';
import type { Relay } from '../transport/relay.ts';
import type { Ledger } from '../state/ledger.ts';
import { conversations, outbox, outboxKey, type OutboxRow } from '../state/rows.ts';
import type { Witness } from '../log/witness.ts';
import { takeAccepted, takeBackAccepted } from './acceptance.ts';
import type { BatchSize } from './batch-size.ts';
import { prepareNext, type Batch } from './preparing.ts';
import { messagesAtHead } from './sealing.ts';
import { takeBack } from './withdrawal.ts';

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
 * Sends what waits in a conversation's outbox, first things first: one commit, or as many messages as go into one call.
 * They are sealed or staged for the current epoch and stored in that form *before* they are sent, in the same transaction
 * as the core's state: after a crash the very same bytes go out again under the same ids, and no key is ever used for two
 * texts.
 */
export class OutboxSender {
  readonly #ledger: Ledger;
  readonly #relay: Relay;
  readonly #platform: Platform;
  readonly #witness: Witness;
  readonly #sizes: BatchSize;
  readonly #isAway: () => boolean;

  /** @param parts `isAway` tells whether the relay is known to be out of reach */
  constructor(parts: {
    ledger: Ledger;
    relay: Relay;
    platform: Platform;
    witness: Witness;
    sizes: BatchSize;
    isAway: () => boolean;
  }) {
    this.#ledger = parts.ledger;
    this.#relay = parts.relay;
    this.#platform = parts.platform;
    this.#witness = parts.witness;
    this.#sizes = parts.sizes;
    this.#isAway = parts.isAway;
  }

  /** Tries to send what is next. Throws what leaves it waiting: no network, no storage. */
  async step(conversationId: GroupId): Promise<Step> {
    const batch = await this.#prepare(conversationId);
    if (batch === undefined) return 'idle';
    if (batch === 'settled') return 'progress';
    // It is in the log already, further on than we have read.
    if (batch[0].accepted !== undefined) return 'behind';
    try {
      const posted = await this.#submit(batch);
      return await this.#accept(batch, posted);
    } catch (error) {
      return this.#refused(batch, error);
    }
  }

  /** Sends again what the relay said that it had, and what its log does not have. Returns whether there is such a thing. */
  sendAgain(conversationId: GroupId): Promise<boolean> {
    return this.#ledger.transact((tx) => takeBackAccepted(tx, conversationId));
  }

  async #prepare(conversationId: GroupId): Promise<Batch | 'settled' | undefined> {
    const first = this.#ledger.outbox.first(conversationId);
    if (first === undefined) return undefined;
    const limits = { most: this.#sizes.of(conversationId), isAway: this.#isAway() };
    const { length } = messagesAtHead(this.#ledger.outbox.of(conversationId), limits);
    try {
      return await this.#ledger.transact((tx) =>
        prepareNext(tx, { ledger: this.#ledger, conversationId, ...limits }),
      );
    } catch (error) {
      if (isTransient(error)) throw error;
      await this.#singleOut(first, length, error as QuicprochatError);
      return 'settled';
    }
  }

  /** Undefined if it leaves no entry. */
  async #submit(batch: Batch): Promise<Posted | undefined> {
    const [first] = batch;
    const { conversationId: groupId, id } = first;
    if (first.kind === 'create') {
      const group = this.#ledger.group(groupId);
      if (group === undefined) throw new Error('a group without state is being created');
      await this.#relay.groups.create(groupId, toBase64Url(group.accessKey));
      return undefined;
    }
    if (first.prepared === undefined) throw new Error('an outbox row is sent before it is prepared');
    if (first.kind === 'commit') {
      const { sequence, receipt } = await this.#relay.groups.commit({ groupId, id, ...first.prepared });
      return { sequences: [sequence], receipt };
    }
    return this.#relay.groups.post({ groupId, epoch: first.prepared.epoch, entries: batch.map(entryOf) });
  }

  async #accept(batch: Batch, posted: Posted | undefined): Promise<Step> {
    const [first] = batch;
    this.#sizes.restore(first.conversationId);
    return this.#ledger.transact(async (tx): Promise<Step> => {
      if (posted !== undefined) return takeAccepted(tx, { batch, posted }, this.#witness);
      if (tx.row(outbox, outboxKey(first))?.id === first.id) tx.removeOutbox(first);
      return 'progress';
    });
  }

  async #refused(batch: Batch, error: unknown): Promise<Step> {
    if (hasCode(error, 'EPOCH_CONFLICT', 'STALE_EPOCH')) return this.#lostRace(batch);
    const [first] = batch;
    // While this call was under way, another tab took the group to the next epoch: what it sealed anew may be at the relay.
    await this.#ledger.refresh();
    const epoch = this.#ledger.row(conversations, first.conversationId)?.epoch;
    if (first.kind !== 'create' && first.prepared?.epoch !== epoch) return 'behind';
    // The relay may have accepted it, or has what a copy of this device sealed under the same id. The log will show.
    if (hasCode(error, 'RELAY_MISBEHAVED', 'IDEMPOTENCY_CONFLICT')) return 'behind';
    if (isTransient(error)) {
      if (hasCode(error, 'NETWORK') && first.kind === 'message')
        this.#sizes.reduce(first.conversationId, batch.length);
      throw error;
    }
    await this.#singleOut(first, batch.length, error as QuicprochatError);
    return 'progress';
  }

  /** Gives up the first if it failed alone. Otherwise fewer are tried: any of them may be the one that cannot succeed. */
  async #singleOut(first: OutboxRow, together: number, error: QuicprochatError): Promise<void> {
    const hasCompany = first.kind === 'message' && this.#sizes.reduce(first.conversationId, together);
    if (!hasCompany) await this.#giveUp(first, error);
  }

  async #lostRace(batch: Batch): Promise<Step> {
    const lost = batch.filter(({ conflicts }) => conflicts + 1 >= MAX_CONFLICTS);
    for (const row of lost) {
      const message =
        'The relay kept accepting other members’ changes first. Nothing was changed; try again.';
      await this.#giveUp(row, sdkError('COMMIT_CONTENTION', message));
    }
    if (lost.length === batch.length) return 'behind';
    await this.#ledger.transact(async (tx) => {
      for (const row of batch) {
        const current = tx.row(outbox, outboxKey(row));
        if (current?.id === row.id) tx.putOutbox({ ...current, conflicts: current.conflicts + 1 });
      }
    });
    const { random, timers } = this.#platform;
    await timers.sleep(random.fraction() * CONFLICT_BACKOFF_MS * (batch[0].conflicts + 1));
    return 'behind';
  }

  /** Takes a row out that can never succeed, undoes what it had staged, and tells whoever waits for it. */
  async #giveUp(row: OutboxRow, error: QuicprochatError): Promise<void> {
    await this.#ledger.transact(async (tx) => {
      const current = tx.row(outbox, outboxKey(row));
      if (current?.id !== row.id || epochOf(current) !== epochOf(row)) return;
      await takeBack(tx, current, error);
      if (current.kind === 'commit' && current.prepared !== undefined) {
        await tx.callGroup(current.conversationId, 'group.clear', {});
      }
    });
  }
}

/** The epoch that a change is sealed or staged for. */
function epochOf(row: OutboxRow): number | undefined {
  return row.kind === 'create' ? undefined : row.prepared?.epoch;
}

function entryOf(row: OutboxRow): { id: string; message: string } {
  if (row.kind === 'create' || row.kind === 'commit' || row.prepared === undefined)
    throw new Error('only sealed messages go out together');
  return { id: row.id, message: row.prepared.message };
}

/** Whether the same thing may go through later, so that it stays in the outbox. */
function isTransient(error: unknown): boolean {
  return (
    !(error instanceof QuicprochatError) ||
    error.retryable ||
    hasCode(error, 'CLOSED', 'REPLAYED', 'STORE_VERSION', 'UNAUTHENTICATED')
  );
}
