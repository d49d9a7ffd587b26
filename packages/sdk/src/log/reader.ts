import {
  fromBase64Url,
  type CommitEntry,
  type GroupEntry,
  type Receipt,
  type GroupId,
} from '@quicprochat/protocol';
import { isAboutInput, sdkError, type ErrorCode } from '../model/errors.ts';
import type { Relay } from '../transport/relay.ts';
import type { Processed } from '../worker/protocol.ts';
import { learnContacts } from '../account/contact-keys.ts';
import { dropOutbox, endConversation, endIfDeserted } from './endings.ts';
import { newEntryId } from '../model/entry-id.ts';
import { recordApplication, recordCommit, recordUndecryptable } from '../content/history.ts';
import type { Ledger } from '../state/ledger.ts';
import { isOwn, settleOwn } from './own-entries.ts';
import { PageSize } from './page-size.ts';
import { conversations, type ConversationRow } from '../state/rows.ts';
import { hasAdvanced, isContested, isInTurn, isPassedOver, isReadable } from '../state/standing.ts';
import type { Transaction } from '../state/transaction.ts';
import { shownContent, type Witness } from './witness.ts';

/**
 * Reads a group's log in order and applies it. The log decides everything: whether a commit of ours won, and whether a
 * message of ours was taken, is known for certain when the reader comes to it. So a lost answer, a crash between
 * sending and hearing back, and another tab that sent for us all end the same way.
 */
export class LogReader {
  readonly #ledger: Ledger;
  readonly #relay: Relay;
  readonly #witness: Witness;
  readonly #pageSize = new PageSize();

  constructor(ledger: Ledger, relay: Relay, witness: Witness) {
    this.#ledger = ledger;
    this.#relay = relay;
    this.#witness = witness;
  }

  /** Reads to the end of the log, as far as this member's keys go. */
  async catchUp(conversationId: GroupId, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const before = this.#ledger.row(conversations, conversationId);
      if (!isReadable(before)) return;
      const shown = isContested(before) ? await this.#candidate(before) : await this.#page(before);
      if (shown === undefined) return;
      await this.#witness.check(before, shown);
      await this.apply(conversationId, shown.entries.map(withReceipt(shown.receipts.after)));
      const after = this.#ledger.row(conversations, conversationId);
      if (!hasAdvanced(before, after) || !shown.goesOn) return;
    }
  }

  /**
   * Applies entries as far as they continue from the cursor, in one transaction.
   *
   * @returns whether all of them were applied, or had been before; false where some in between are missing
   */
  apply(conversationId: GroupId, arrived: readonly Arrived[]): Promise<boolean> {
    if (arrived.length === 0) return Promise.resolve(true);
    return this.#ledger.transact(async (tx) => {
      for (const { entry, receipt } of arrived) {
        const conversation = tx.conversation(conversationId);
        if (!isReadable(conversation)) return true;
        if (entry.sequence <= conversation.cursor || isPassedOver(conversation, entry)) continue;
        if (entry.sequence !== conversation.cursor + 1 || !isInTurn(conversation, entry)) return false;
        const position = await this.#witness.advance(
          conversation,
          entry.sequence,
          shownContent(entry),
          receipt,
        );
        if (position === undefined) return false;
        const isTaken = await this.#applyOne(tx, conversationId, entry);
        // A void commit ends nothing: the next candidate, another's or our own, stands at the same place.
        const { receipts } = position;
        const passed = entry.kind === 'commit' ? { voidCommits: entry.candidate + 1, receipts } : {};
        tx.update(conversationId, isTaken ? position : passed);
      }
      return true;
    });
  }

  async #page({ id: groupId, epoch, cursor }: ConversationRow) {
    const page = await this.#pageSize.read((limit) =>
      this.#relay.groups.read({ groupId, epoch, cursor, limit }),
    );
    return { ...page, goesOn: page.more || page.ended };
  }

  /** The next commit that was brought for an epoch whose commits up to now are void, if there is one. */
  async #candidate({ id: groupId, epoch, voidCommits: candidate = 0 }: ConversationRow) {
    const { entry, receipts } = await this.#relay.groups.readCandidate({ groupId, epoch, candidate });
    return entry && receipts ? { entries: [entry], receipts, goesOn: true } : undefined;
  }

  /** False where nobody takes it: a commit that is void. */
  async #applyOne(tx: Transaction, conversationId: GroupId, entry: GroupEntry): Promise<boolean> {
    const waiting = tx.outboxRow(entry.id);
    const own = waiting?.conversationId === conversationId && isOwn(waiting, entry) ? waiting : undefined;
    if (own === undefined && entry.kind === 'commit') return this.#applyCommit(tx, conversationId, entry);
    if (own !== undefined) await settleOwn(tx, own, this.#ledger.platform);
    else await this.#applyMessage(tx, conversationId, entry);
    return true;
  }

  async #applyMessage(tx: Transaction, conversationId: GroupId, entry: GroupEntry): Promise<void> {
    const nowMs = this.#ledger.platform.clock.now();
    try {
      const received = await this.#process(tx, conversationId, entry);
      // A proposal waits in the core until a commit takes it up.
      if (received.kind === 'application') recordApplication(tx, conversationId, received, { entry, nowMs });
      if (received.kind === 'proposal') await endIfDeserted(tx, conversationId);
    } catch (error) {
      recordUndecryptable(tx, conversationId, { entry, code: codeOf(error), nowMs });
    }
  }

  async #applyCommit(tx: Transaction, conversationId: GroupId, entry: CommitEntry): Promise<boolean> {
    const nowMs = this.#ledger.platform.clock.now();
    try {
      // Another's commit ends the epoch that ours was staged for.
      if ((await tx.group(conversationId)).hasPendingCommit)
        await tx.callGroup(conversationId, 'group.clear', {});
      const commit = await this.#process(tx, conversationId, entry);
      if (commit.kind === 'commit') {
        await this.#finishCommit(tx, conversationId, { commit, entry });
        return true;
      }
      // What is no commit, whatever it was opened as, ends no epoch.
      recordUndecryptable(tx, conversationId, { entry, code: 'INVALID_COMMIT', nowMs });
      return false;
    } catch (error) {
      const code = codeOf(error);
      recordUndecryptable(tx, conversationId, { entry, code, nowMs });
      if (VOID_FOR_ALL.has(code)) return false;
      await this.#strand(tx, conversationId, entry);
      return true;
    }
  }

  /** The group went on without us: nothing more can be opened here until someone adds this device again. */
  async #strand(tx: Transaction, conversationId: GroupId, entry: CommitEntry): Promise<void> {
    // What was meant for the group as it was must not go out in whatever group this device is taken into next.
    await dropOutbox(tx, conversationId);
    // So that the core gives the group up for the Welcome that does.
    await tx.callGroup(conversationId, 'group.markStuck', { commit: fromBase64Url(entry.payload) });
    tx.update(conversationId, { state: 'stuck' });
  }

  async #process(
    tx: Transaction,
    conversationId: GroupId,
    entry: GroupEntry,
  ): Promise<Exclude<Processed, { kind: 'own-commit' }>> {
    const processed = await tx.callGroup(conversationId, 'group.process', {
      message: fromBase64Url(entry.payload),
      nextAccessKey: entry.kind === 'commit' ? fromBase64Url(entry.nextAccessKey) : undefined,
    });
    if (processed.kind !== 'own-commit') return processed;
    throw sdkError(
      'RELAY_MISBEHAVED',
      'The relay lists a commit of this device under another id. Tell whoever runs the relay.',
    );
  }

  async #finishCommit(
    tx: Transaction,
    conversationId: GroupId,
    { commit, entry }: { commit: Extract<Processed, { kind: 'commit' }>; entry: GroupEntry },
  ): Promise<void> {
    recordCommit(tx, conversationId, commit, { id: entry.id, nowMs: this.#ledger.platform.clock.now() });
    learnContacts(tx, commit.added);
    if (commit.selfRemoved) return endConversation(tx, conversationId);
    this.#proposeLeaveAgain(tx, conversationId);
  }

  /** A proposal dies with its epoch: who is still in the group after it, and wanted to leave, proposes again. */
  #proposeLeaveAgain(tx: Transaction, conversationId: GroupId): void {
    if (tx.conversation(conversationId).state !== 'leaving') return;
    if (tx.outboxRows(conversationId).some(({ kind }) => kind === 'leave')) return;
    const id = newEntryId(this.#ledger.platform.random);
    tx.enqueue({ kind: 'leave', conversationId: tx.conversation(conversationId).id, id });
  }
}

/**
 * Where one member refuses a commit so, all do; OWN_MESSAGE is what the others see as somebody's message that is none.
 * What only this one cannot follow, others may have followed. A PSK is in nobody's store: this SDK keeps none.
 */
const VOID_FOR_ALL: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'WIRE_DECODE',
  'WRONG_GROUP',
  'EPOCH_TOO_OLD',
  'EPOCH_AHEAD',
  'REPLAYED',
  'GENERATION_TOO_FAR',
  'OWN_MESSAGE',
  'DECRYPT_FAILED',
  'INVALID_COMMIT',
  'INVALID_PROPOSAL',
  'KEYPACKAGE_INVALID',
  'POLICY_REJECTED',
  'CREDENTIAL_REJECTED',
  'PSK_MISSING',
]);

/** An entry as it came, with the receipt of its place where one came with it. */
export interface Arrived {
  entry: GroupEntry;
  receipt?: Receipt;
}

/** A page's receipt is that of its last entry. */
function withReceipt(receipt: Receipt) {
  return (entry: GroupEntry): Arrived =>
    entry.sequence === receipt.sequence ? { entry, receipt } : { entry };
}

/** The code of what the core refused. Faults of the storage or the worker say nothing about the entry: they go on up. */
function codeOf(error: unknown): ErrorCode {
  if (isAboutInput(error)) return error.code;
  throw error;
}
