import {
  fromBase64Url,
  type CommitEntry,
  type GroupEntry,
  type Receipt,
  type GroupId,
} from '@quicprochat/protocol';
import { hasCode, isAboutInput, sdkError, type ErrorCode } from '../model/errors.ts';
import type { Relay } from '../transport/relay.ts';
import type { Processed } from '../worker/protocol.ts';
import { errorOf } from '../worker/worker-core.ts';
import { learnContacts } from '../account/contact-keys.ts';
import { renewKeyPackages } from '../account/key-package-renewal.ts';
import { dropOutbox, endConversation, endIfDeserted } from './endings.ts';
import { newEntryId } from '../model/entry-id.ts';
import { notActive } from '../model/not-active.ts';
import { recordApplication, recordCommit, recordUndecryptable } from '../content/history.ts';
import type { Ledger } from '../state/ledger.ts';
import { isOwn, settleOwn, takeOwnOfBefore } from './own-entries.ts';
import { PageSize } from './page-size.ts';
import { epochOf, isProposal } from './private-message.ts';
import { conversations, type ConversationRow, type OutboxRow } from '../state/rows.ts';
import { hasAdvanced, isContested, isInTurn, isPassedOver, isReadable } from '../state/standing.ts';
import type { Transaction } from '../state/transaction.ts';
import { shownContent, type Position, type Witness } from './witness.ts';

/** How far reading a conversation's log has come. */
export interface CatchingUp {
  /** How many entries were read since this began: messages of others and of this device, commits, proposals. */
  entries: number;
}

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
  /** Conversations of which the relay has said that there is more than one page. */
  readonly #catchingUp = new Map<GroupId, CatchingUp>();

  constructor(ledger: Ledger, relay: Relay, witness: Witness) {
    this.#ledger = ledger;
    this.#relay = relay;
    this.#witness = witness;
  }

  /** How far {@link catchUp} has come in a conversation. Undefined if nothing is known to be left to read. */
  catchingUp(conversationId: GroupId): CatchingUp | undefined {
    return this.#catchingUp.get(conversationId);
  }

  /** Reads to the end of the log, as far as this member's keys go. */
  async catchUp(conversationId: GroupId, signal?: AbortSignal): Promise<void> {
    try {
      await this.#readPages(conversationId, signal);
    } finally {
      if (this.#catchingUp.delete(conversationId)) this.#ledger.announce(conversationId);
    }
  }

  async #readPages(conversationId: GroupId, signal?: AbortSignal): Promise<void> {
    for (let entries = 0; ;) {
      signal?.throwIfAborted();
      const before = this.#ledger.row(conversations, conversationId);
      if (!isReadable(before)) return;
      const shown = await this.#shownAfter(before);
      if (shown === undefined) return;
      if (shown === 'overtaken') continue;
      await this.#witness.check(before, shown);
      entries += shown.entries.length;
      // Before the entries are applied, so that listeners see how far this is when they hear of them.
      if (shown.goesOn) this.#catchingUp.set(conversationId, { entries });
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
      let vouchedFor = 0;
      for (let next = 0; next < arrived.length;) {
        const conversation = tx.conversation(conversationId);
        const { entry } = arrived[next] as Arrived;
        if (!isReadable(conversation)) return true;
        if (entry.sequence <= conversation.cursor || isPassedOver(conversation, entry)) {
          next += 1;
          continue;
        }
        if (!isInTurn(conversation, entry)) return false;
        if (entry.sequence > vouchedFor)
          vouchedFor = (await this.#vouchedFor(conversation, arrived.slice(next))) ?? 0;
        if (entry.sequence > vouchedFor) return false;
        const run = await this.#runFrom(tx, conversation, arrived.slice(next));
        if (run.length === 0) return false;
        await this.#applyRun(tx, conversationId, run);
        // After a void commit, another candidate has the same sequence, and the receipt was not for that one.
        if (tx.conversation(conversationId).cursor === conversation.cursor) vouchedFor = 0;
        next += run.length;
      }
      return true;
    });
  }

  /**
   * Up to which entry the next receipt vouches for what has come: nothing is applied before that. Undefined if the entries
   * do not lead to what the relay has signed, so that any of them may be changed.
   */
  async #vouchedFor(conversation: ConversationRow, arrived: readonly Arrived[]): Promise<number | undefined> {
    let reached = conversation;
    for (const { entry, receipt } of arrived) {
      const { sequence } = entry;
      if (sequence <= reached.cursor) continue;
      if (sequence !== reached.cursor + 1) return undefined;
      const position = await this.#witness.advance(reached, sequence, shownContent(entry), receipt);
      if (position === undefined) return undefined;
      if (receipt !== undefined) return sequence;
      reached = { ...reached, ...position };
    }
    return undefined;
  }

  /**
   * Takes what can be applied at once from the beginning of the entries: one of our own, one commit, or as many messages
   * of others as follow one another. Empty if the first does not continue from the cursor as the relay has signed it.
   */
  async #runFrom(
    tx: Transaction,
    conversation: ConversationRow,
    arrived: readonly Arrived[],
  ): Promise<Placed[]> {
    const run: Placed[] = [];
    let reached = conversation;
    for (const { entry, receipt } of arrived) {
      const own = ownRow(tx, conversation.id, entry);
      const isAlone = own !== undefined || entry.kind === 'commit';
      if (run.length > 0 && isAlone) break;
      if (entry.sequence !== reached.cursor + 1) break;
      const position = await this.#witness.advance(reached, entry.sequence, shownContent(entry), receipt);
      if (position === undefined) break;
      run.push({ entry, position, own });
      if (isAlone) break;
      reached = { ...reached, ...position };
    }
    return run;
  }

  async #applyRun(tx: Transaction, conversationId: GroupId, run: readonly Placed[]): Promise<void> {
    const [first] = run;
    if (first?.own !== undefined) {
      await settleOwn(tx, first.own);
      tx.update(conversationId, first.position);
    } else if (first?.entry.kind === 'commit') {
      const isTaken = await this.#applyCommit(tx, conversationId, first.entry);
      // A void commit ends nothing: the next candidate, another's or our own, stands at the same place.
      const { receipts } = first.position;
      tx.update(
        conversationId,
        isTaken ? first.position : { voidCommits: first.entry.candidate + 1, receipts },
      );
    } else {
      await this.#applyMessages(tx, conversationId, run);
    }
  }

  /**
   * What the relay shows next; undefined if that is nothing. 'overtaken' if another tab took the group to its next epoch
   * after we looked where it stands: then the call was signed with the key of one epoch and named another, and the relay
   * refuses it. Or if it ended the conversation: then there is no key left to sign with.
   */
  async #shownAfter(before: ConversationRow) {
    try {
      return isContested(before) ? await this.#candidate(before) : await this.#page(before);
    } catch (error) {
      if (!hasCode(error, 'NOT_AUTHORIZED', 'GROUP_NOT_FOUND')) throw error;
      await this.#ledger.refresh();
      const now = this.#ledger.row(conversations, before.id);
      if (!isReadable(now) || hasAdvanced(before, now)) return 'overtaken';
      throw error;
    }
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

  async #applyMessages(tx: Transaction, conversationId: GroupId, run: readonly Placed[]): Promise<void> {
    const { nowMs } = tx;
    const messages = run.map(({ entry }) => shownContent(entry).payload);
    const opened = await tx.callGroup(conversationId, 'group.open', { messages });
    for (const [i, { entry, position }] of run.entries()) {
      const message = opened[i];
      if (message === undefined) throw new Error('the worker opened fewer messages than it was given');
      if (message.kind === 'own-commit') throw ownCommitElsewhere();
      if (message.kind === 'failed') {
        const code = codeOf(errorOf(message.error));
        const { payload } = shownContent(entry);
        // Anybody can repeat a message of an earlier epoch. It proves nothing about the keys of this one.
        const isOwn = code === 'OWN_MESSAGE' && epochOf(payload) === entry.epoch;
        const isKnown = isOwn && (await takeOwnOfBefore(tx, conversationId, entry));
        if (!isKnown) recordUndecryptable(tx, conversationId, { entry, code, nowMs });
        if (isOwn && isProposal(payload)) await this.#strand(tx, conversationId, entry);
      }
      // A proposal waits in the core until a commit takes it up.
      if (message.kind === 'application')
        await recordApplication(tx, conversationId, message, { entry, nowMs });
      tx.update(conversationId, position);
    }
    // Last: nothing that was sent before the last member left is to be missed.
    if (opened.some(({ kind }) => kind === 'proposal')) await endIfDeserted(tx, conversationId);
  }

  /** Returns false if nobody takes the commit: it is void. */
  async #applyCommit(tx: Transaction, conversationId: GroupId, entry: CommitEntry): Promise<boolean> {
    const { nowMs } = tx;
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

  /**
   * The group went on without us: nothing more can be opened here until someone adds this device again. So it does after a
   * proposal of our own that this storage does not have. The others take it up in a commit that is void here, and a commit
   * of our own would be sealed with the key that they have used for the proposal.
   */
  async #strand(tx: Transaction, conversationId: GroupId, entry: GroupEntry): Promise<void> {
    // What was meant for the group as it was must not go out in whatever group this device is taken into next.
    await dropOutbox(tx, conversationId, notActive('stuck'));
    // So that the core gives the group up for the Welcome that does.
    await tx.callGroup(conversationId, 'group.markStuck', { commit: fromBase64Url(entry.payload) });
    tx.update(conversationId, { state: 'stuck' });
    // If a copy of this device made the commit, it may have made key packages as well.
    renewKeyPackages(tx);
  }

  async #process(
    tx: Transaction,
    conversationId: GroupId,
    entry: CommitEntry,
  ): Promise<Exclude<Processed, { kind: 'own-commit' }>> {
    const processed = await tx.callGroup(conversationId, 'group.process', {
      message: fromBase64Url(entry.payload),
      nextAccessKey: fromBase64Url(entry.nextAccessKey),
    });
    if (processed.kind !== 'own-commit') return processed;
    throw ownCommitElsewhere();
  }

  async #finishCommit(
    tx: Transaction,
    conversationId: GroupId,
    { commit, entry }: { commit: Extract<Processed, { kind: 'commit' }>; entry: GroupEntry },
  ): Promise<void> {
    recordCommit(tx, conversationId, commit, { id: entry.id, nowMs: tx.nowMs });
    learnContacts(tx, commit.added);
    if (commit.selfRemoved) return endConversation(tx, conversationId);
    this.#proposeLeaveAgain(tx, conversationId);
  }

  /** A proposal dies with its epoch: who is still in the group after it, and wanted to leave, proposes again. */
  #proposeLeaveAgain(tx: Transaction, conversationId: GroupId): void {
    if (tx.conversation(conversationId).state !== 'leaving') return;
    if (tx.outboxRows(conversationId).some(({ kind }) => kind === 'leave')) return;
    const id = newEntryId(tx.platform.random);
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

/** An entry that continues the log, and where the reader stands after it. */
interface Placed {
  entry: GroupEntry;
  position: Position;
  /** What waits in the outbox for this entry, if it is our own. */
  own: OutboxRow | undefined;
}

function ownRow(tx: Transaction, conversationId: GroupId, entry: GroupEntry): OutboxRow | undefined {
  const waiting = tx.outboxRow(entry.id);
  return waiting?.conversationId === conversationId && isOwn(waiting, entry) ? waiting : undefined;
}

function ownCommitElsewhere() {
  return sdkError(
    'RELAY_MISBEHAVED',
    'The relay lists a commit of this device under another id. Tell whoever runs the relay.',
    { details: { reason: 'contradictory-log' } },
  );
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
