import { fromBase64Url, toBase64Url, type GroupEntry, type GroupPage } from '@quicprochat/protocol';
import { CryptoVerificationError, sdkError, UsageError, ValidationError, type ErrorCode } from '../errors.ts';
import type { RelaySession } from '../transport/relay-session.ts';
import type { CoreMember, Processed } from '../worker/protocol.ts';
import { learnContacts } from './contacts.ts';
import { newEntryId, recordApplication, recordCommit, recordUndecryptable } from './history.ts';
import type { Ledger } from './ledger.ts';
import { conversations, type ConversationRow, type OutboxRow } from './rows.ts';
import type { Transaction } from './transaction.ts';

/** Entries asked for at once. One page is one transaction. */
const PAGE_ENTRIES = 100;

/**
 * Reads a group's log in order and applies it. The log decides everything: whether a commit of ours won, and whether a
 * message of ours was taken, is known for certain when the reader comes to it. So a lost answer, a crash between
 * sending and hearing back, and another tab that sent for us all end the same way.
 */
export class LogReader {
  readonly #ledger: Ledger;
  readonly #relay: RelaySession;

  constructor(ledger: Ledger, relay: RelaySession) {
    this.#ledger = ledger;
    this.#relay = relay;
  }

  /** Reads to the end of the log, as far as this member's keys go. */
  async catchUp(conversationId: string, signal?: AbortSignal): Promise<void> {
    for (;;) {
      signal?.throwIfAborted();
      const before = this.#ledger.row(conversations, conversationId);
      if (!isReadable(before)) return;
      const page = await this.#page(before);
      await this.apply(conversationId, page.entries);
      const after = this.#ledger.row(conversations, conversationId);
      const advanced = after !== undefined && (after.cursor > before.cursor || after.epoch > before.epoch);
      if (!advanced || (!page.more && !page.ended)) return;
    }
  }

  /**
   * Applies entries as far as they continue from the cursor, in one transaction.
   *
   * @returns whether all of them were applied, or had been before; false where some in between are missing
   */
  apply(conversationId: string, entries: readonly GroupEntry[]): Promise<boolean> {
    if (entries.length === 0) return Promise.resolve(true);
    return this.#ledger.transact(async (tx) => {
      for (const entry of entries) {
        const conversation = tx.conversation(conversationId);
        if (!isReadable(conversation)) return true;
        if (entry.sequence <= conversation.cursor) continue;
        if (entry.sequence !== conversation.cursor + 1) return false;
        tx.update(conversationId, { cursor: entry.sequence });
        await this.#applyOne(tx, conversationId, entry);
      }
      return true;
    });
  }

  async #page(conversation: ConversationRow): Promise<GroupPage> {
    const { id, epoch, cursor } = conversation;
    return this.#relay.readGroup({ groupId: id, epoch, cursor, limit: PAGE_ENTRIES });
  }

  async #applyOne(tx: Transaction, conversationId: string, entry: GroupEntry): Promise<void> {
    const own = tx.outboxRows(conversationId).find((row) => row.id === entry.id && isSame(row, entry));
    if (own !== undefined) return settleOwn(tx, own, this.#ledger.platform.clock.now());
    if (entry.kind === 'commit') return this.#applyCommit(tx, conversationId, entry);
    return this.#applyMessage(tx, conversationId, entry);
  }

  async #applyMessage(tx: Transaction, conversationId: string, entry: GroupEntry): Promise<void> {
    const nowMs = this.#ledger.platform.clock.now();
    try {
      const received = await this.#process(tx, conversationId, entry);
      if (received.kind === 'application') recordApplication(tx, conversationId, received, { entry, nowMs });
      // A proposal waits in the core until a commit takes it up. A commit posted as a message is not in the order of
      // epochs that the relay keeps; the core has merged it only if it was valid for everyone, which then holds too.
      if (received.kind === 'commit')
        await this.#finishCommit(tx, conversationId, { commit: received, entry });
    } catch (error) {
      recordUndecryptable(tx, conversationId, { entry, code: codeOf(error), nowMs });
    }
  }

  async #applyCommit(tx: Transaction, conversationId: string, entry: GroupEntry): Promise<void> {
    try {
      // Another's commit ends the epoch that ours was staged for.
      if ((await tx.group(conversationId)).hasPendingCommit)
        await tx.callGroup(conversationId, 'group.clear', {});
      const commit = await this.#process(tx, conversationId, entry);
      if (commit.kind === 'commit') return await this.#finishCommit(tx, conversationId, { commit, entry });
      throw sdkError('CONVERSATION_STUCK', 'What the relay ordered as a commit is none.');
    } catch (error) {
      // The group went on without us: nothing after this can be opened here until someone adds this device again.
      const nowMs = this.#ledger.platform.clock.now();
      recordUndecryptable(tx, conversationId, { entry, code: codeOf(error), nowMs });
      // What was meant for the group as it was must not go out in whatever group this device is taken into next.
      await dropOutbox(tx, conversationId);
      // So that the core gives the group up for the Welcome that does.
      await tx.callGroup(conversationId, 'group.markStuck', { commit: fromBase64Url(entry.payload) });
      tx.update(conversationId, { state: 'stuck' });
    }
  }

  #process(tx: Transaction, conversationId: string, entry: GroupEntry): Promise<Processed> {
    return tx.callGroup(conversationId, 'group.process', { message: fromBase64Url(entry.payload) });
  }

  async #finishCommit(
    tx: Transaction,
    conversationId: string,
    { commit, entry }: { commit: Extract<Processed, { kind: 'commit' }>; entry: GroupEntry },
  ): Promise<void> {
    recordCommit(tx, conversationId, commit, { id: entry.id, nowMs: this.#ledger.platform.clock.now() });
    learnContacts(tx, commit.added);
    if (commit.selfRemoved) return endConversation(tx, conversationId);
    this.#proposeLeaveAgain(tx, conversationId);
  }

  /** A proposal dies with its epoch: who is still in the group after it, and wanted to leave, proposes again. */
  #proposeLeaveAgain(tx: Transaction, conversationId: string): void {
    if (tx.conversation(conversationId).state !== 'leaving') return;
    if (tx.outboxRows(conversationId).some(({ kind }) => kind === 'leave')) return;
    const id = newEntryId(this.#ledger.platform);
    tx.enqueue({ kind: 'leave', conversationId: tx.conversation(conversationId).id, id });
  }
}

/**
 * Takes something of ours for done, now that it stands in the log: a message is sent, a commit is merged.
 * Whoever waits for it sees its row leave the outbox.
 */
export async function settleOwn(tx: Transaction, row: OutboxRow, nowMs: number): Promise<void> {
  tx.removeOutbox(row);
  if (row.kind === 'message' && row.position !== undefined && row.prepared !== undefined) {
    await tx.amend(row.conversationId, row.position, { state: 'sent', epoch: row.prepared.epoch });
  }
  if (row.kind === 'commit' && row.prepared !== undefined) {
    const before = (await tx.group(row.conversationId)).members;
    const { members, active } = await tx.callGroup(row.conversationId, 'group.merge', {});
    const sender = before.find(({ own }) => own) as CoreMember;
    const added = missingFrom(before, members);
    const removed = missingFrom(members, before);
    recordCommit(
      tx,
      row.conversationId,
      { sender, epoch: row.prepared.epoch, added, removed },
      { id: row.id, nowMs },
    );
    learnContacts(tx, added);
    if (!active) await endConversation(tx, row.conversationId);
  }
}

/** The conversation is over for this member: its keys are wiped, its history stays. */
async function endConversation(tx: Transaction, conversationId: string): Promise<void> {
  const { state } = tx.conversation(conversationId);
  await dropOutbox(tx, conversationId);
  await tx.forgetGroup(conversationId);
  tx.update(conversationId, { state: state === 'leaving' ? 'left' : 'removed' });
}

/** Nothing that waits can be sent any more. */
async function dropOutbox(tx: Transaction, conversationId: string): Promise<void> {
  for (const row of tx.outboxRows(conversationId)) {
    if (row.kind === 'message' && row.position !== undefined) {
      await tx.amend(conversationId, row.position, { state: 'failed' });
    }
    tx.removeOutbox(row);
  }
}

export function isReadable(conversation: ConversationRow | undefined): conversation is ConversationRow {
  return conversation?.state === 'active' || conversation?.state === 'leaving';
}

/** An id alone proves nothing, since the relay hands it out: the bytes must be ours as well. */
function isSame(row: OutboxRow, entry: GroupEntry): boolean {
  switch (row.kind) {
    case 'create':
      return false;
    case 'commit':
      return row.prepared?.commit === entry.payload;
    case 'message':
    case 'leave':
      return row.prepared?.message === entry.payload;
  }
}

/** The members who stand in `later` and not in `earlier`. */
function missingFrom(earlier: readonly CoreMember[], later: readonly CoreMember[]): CoreMember[] {
  const known = new Set(earlier.map(({ deviceId }) => toBase64Url(deviceId)));
  return later.filter(({ deviceId }) => !known.has(toBase64Url(deviceId)));
}

/** The code of what the core refused. Faults of the storage or the worker say nothing about the entry: they go on up. */
function codeOf(error: unknown): ErrorCode {
  const aboutEntry = error instanceof ValidationError || error instanceof CryptoVerificationError;
  if (aboutEntry || error instanceof UsageError) return error.code;
  throw error;
}
