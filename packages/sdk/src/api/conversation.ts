import { toBase64Url, type EntryId, type GroupId } from '@quicprochat/protocol';
import { CANCELABLE, check, POSITION, RANGE, TEXT } from '../model/arguments.ts';
import { isVerifiedAs, requireUnchanged } from '../account/contact-keys.ts';
import { renewKeyPackages } from '../account/key-package-renewal.ts';
import { requireActive, type Cancelable, type ConversationParts } from './conversation-parts.ts';
import { Delivery } from '../sync/delivery.ts';
import { isRefusal } from '../sync/retries.ts';
import { newEntryId } from '../model/entry-id.ts';
import { ownLine } from '../content/history.ts';
import { encodeName, encodeText, requireSendableSize } from '../content/messages.ts';
import {
  contacts,
  conversations,
  drafts,
  type ConversationRow,
  type ConversationState,
  type Intent,
} from '../state/rows.ts';
import { Timeline } from '../content/timeline.ts';
import { waitingIn, type WaitingChange } from '../outbox/waiting.ts';
import type { Transaction } from '../state/transaction.ts';
import { hasCode, sdkError, type QuicprochatError } from '../model/errors.ts';
import { endConversation } from '../log/endings.ts';
import type { LogStatement } from '../log/fork.ts';
import type { CatchingUp } from '../log/reader.ts';
import type { Message, SentMessage } from '../model/message.ts';
import { Members } from './members.ts';
import { securityOf, type Security } from './security.ts';

/**
 * One conversation: an MLS group, its history on this device, and its outbox.
 *
 * Calls that change something resolve when the relay has accepted the change. In a live client without a connection
 * they wait. A client that is not live tries for some seconds, then throws NETWORK; the change stays queued for the next
 * `sync`. {@link waiting} lists the queued changes.
 *
 * Aborting a call's signal cancels the change. If nothing of it has been sent, it is withdrawn for good, and the call
 * rejects with the signal's reason. If a request with it was started, the call rejects with TOO_LATE_TO_CANCEL, and the
 * change may still happen. While the relay cannot be reached, a live client starts no requests, so what waits then can be
 * cancelled.
 */
export class Conversation {
  readonly #id: GroupId;
  readonly members: Members;
  readonly #parts: ConversationParts;
  readonly #delivery: Delivery;
  readonly #timeline: Timeline;
  #version = 0;
  #waiting: readonly WaitingChange[] | undefined;

  /** @internal */
  constructor(id: GroupId, parts: ConversationParts) {
    this.#id = id;
    this.#parts = parts;
    this.#delivery = new Delivery(id, parts);
    this.#timeline = new Timeline(id, parts.ledger.storage);
    this.members = new Members(id, parts, (intent, options) => this.#commit(intent, options));
  }

  get id(): string {
    return this.#id;
  }

  /** The name; empty if there is none. */
  get name(): string {
    return this.#row.name;
  }

  /**
   * The state. `leaving` lasts until another member has committed our leave; then it is `left`. `removed`: another member
   * removed us. `stuck`: this device cannot process a change that the others applied, and must be added again. `forked`:
   * the relay signed two logs, and this device takes nothing more from it; {@link statement} is the proof.
   */
  get state(): ConversationState {
    return this.#row.state;
  }

  /**
   * The error that stops this conversation from reading or sending now, unless it is the network. For example
   * `CURSOR_INVALID`, if the relay was restored from a backup older than what this device has read. Undefined when all is
   * well. Other conversations are not affected, and a live client tries again by itself.
   */
  get trouble(): QuicprochatError | undefined {
    return isOver(this.#row) ? undefined : this.#parts.driver.troubleOf(this.#id);
  }

  /**
   * How far reading what the others wrote has come, while more of it waits at the relay; undefined otherwise. It changes
   * with every page, and listeners of {@link Client.subscribe} are called. Each page is stored before the next one is asked
   * for, so an interrupted client goes on from there. How many entries there are in all is not known: with the keys of one
   * epoch, the relay shows nothing of later ones. A live client reads up to about a hundred entries from its stream before
   * it asks for pages.
   */
  get catchingUp(): CatchingUp | undefined {
    return this.#parts.driver.catchingUp(this.#id);
  }

  /** The changes made on this device that have not reached the relay, in sending order. The same array until it changes. */
  get waiting(): readonly WaitingChange[] {
    return (this.#waiting ??= waitingIn(this.#parts.ledger.outbox.of(this.#id)));
  }

  /** The MLS epoch. Each commit raises it by one. */
  get epoch(): number {
    return this.#row.epoch;
  }

  /** How many messages of others come after `readPosition`. */
  get unread(): number {
    return this.#row.unread;
  }

  get readPosition(): number {
    return this.#row.readPosition;
  }

  get lastMessage(): Message | undefined {
    return this.#row.lastMessage;
  }

  /** The unsent draft, shared by all tabs and processes on this storage; empty if there is none. */
  get draft(): string {
    return this.#parts.ledger.row(drafts, this.#id)?.text ?? '';
  }

  /** Grows with every change of this conversation. Compare it to know whether to read again. */
  get version(): number {
    return this.#version;
  }

  /**
   * What a person may want to know about the keys in use: epoch, suite, members and the age of their keys.
   *
   * @throws {StorageError} STORE_CORRUPT
   */
  get security(): Security {
    const { ledger, platform } = this.#parts;
    const isVerified = (handle: string, accountKey: Uint8Array) =>
      isVerifiedAs(ledger.row(contacts, handle), toBase64Url(accountKey));
    return securityOf(this.#row, ledger.group(this.#id), { isVerified, nowMs: platform.clock.now() });
  }

  /**
   * The newest receipts that the relay signed for this conversation's log. Pass them to {@link findFork} with another
   * member's. Undefined before anything was read.
   */
  get statement(): LogStatement | undefined {
    return this.#parts.driver.witness.statement(this.#id);
  }

  /**
   * Sends a text of up to 64 KiB.
   *
   * @throws {UsageError} CONVERSATION_ENDED, INVALID_ARGUMENT, MESSAGE_TOO_LARGE, TOO_LATE_TO_CANCEL
   * @throws {CryptoVerificationError} IDENTITY_CHANGED if a member's account key changed and the person has not decided yet
   * @throws {TransportError} NETWORK if the client is not live and cannot reach the relay; the message stays queued
   */
  async send(text: string, options: Cancelable = {}): Promise<SentMessage> {
    check(CANCELABLE, options);
    options.signal?.throwIfAborted();
    const { platform, driver, handle } = this.#parts;
    const { id, atMs, bytes } = encodeText(platform, text);
    const write = (tx: Transaction) => {
      const { epoch } = tx.conversation(this.#id);
      const line = ownLine({ id, handle, epoch, nowMs: atMs, content: { type: 'text', text } });
      const { position } = tx.append(this.#id, line);
      tx.enqueue({ kind: 'message', conversationId: this.#id, id, payload: bytes, position });
      return position;
    };
    const request = { check: this.#requireReady, write, signal: options.signal };
    const position = await driver.intake.store(this.#id, request);
    await this.#delivery.accepted(id, options);
    const sent = await this.#sentLine(position);
    return { id, epoch: sent?.epoch ?? this.epoch };
  }

  /** Gives the conversation another name, for everyone. */
  async rename(name: string, options: Cancelable = {}): Promise<void> {
    check(CANCELABLE, options);
    options.signal?.throwIfAborted();
    const { platform, driver, handle } = this.#parts;
    const { id, atMs, bytes } = encodeName(platform, name);
    const write = (tx: Transaction) => {
      const row = tx.conversation(this.#id);
      const renames = { from: row.name, to: name };
      tx.update(this.#id, { name });
      const line = ownLine({ id, handle, epoch: row.epoch, nowMs: atMs, content: { type: 'renamed', name } });
      const { position } = tx.append(this.#id, line);
      tx.enqueue({ kind: 'message', conversationId: this.#id, id, payload: bytes, position, renames });
      return position;
    };
    const request = { check: this.#requireActive, write, signal: options.signal };
    const shownAt = await driver.intake.store(this.#id, request);
    await this.#delivery.accepted(id, options);
    await this.#sentLine(shownAt);
  }

  /**
   * Returns at most `limit` (default 50) lines of the history, in order: the oldest ones after `after`, or else the newest
   * ones before `before`. Works without a connection.
   *
   * @throws {UsageError} INVALID_ARGUMENT
   */
  async history(options: { before?: number; after?: number; limit?: number } = {}): Promise<Message[]> {
    check(RANGE, options);
    const { before = Infinity, after, limit = 50 } = options;
    return after === undefined ? this.#timeline.before(before, limit) : this.#timeline.after(after, limit);
  }

  /**
   * Yields each line after a position (default: from now on) as it arrives, including own lines. Ends when the signal
   * aborts or the client closes.
   */
  messages(options: { after?: number; signal?: AbortSignal } = {}): AsyncGenerator<Message, void, undefined> {
    check(RANGE, options);
    check(CANCELABLE, options);
    return this.#timeline.follow(options.after ?? this.#row.nextPosition - 1, options.signal);
  }

  /** Records how far the person has read. It never goes backwards. */
  async markRead(position: number): Promise<void> {
    check(POSITION, position);
    const { nextPosition, readPosition } = this.#row;
    if (position <= readPosition) return;
    // Before the transaction, which holds up everything else: a long history takes a while.
    const before = await this.#timeline.count({ after: position, before: nextPosition }, isUnread);
    await this.#parts.ledger.transact(async (tx) => {
      if (position <= tx.conversation(this.#id).readPosition) return;
      const arrived = await this.#timeline.count({ after: Math.max(position, nextPosition - 1) }, isUnread);
      tx.update(this.#id, { readPosition: position, unread: before + arrived });
    });
  }

  /**
   * Stores an unsent draft beside the history; `''` deletes it. The last writer wins. Sending does not change the draft.
   * The draft is deleted when the conversation ends.
   *
   * @throws {UsageError} CONVERSATION_ENDED, INVALID_ARGUMENT, MESSAGE_TOO_LARGE (as for {@link send})
   */
  async setDraft(text: string): Promise<void> {
    check(TEXT, text);
    requireSendableSize(new TextEncoder().encode(text));
    await this.#parts.ledger.transact(async (tx) => {
      if ((tx.row(drafts, this.#id)?.text ?? '') === text) return;
      if (text === '') return tx.remove(drafts, this.#id);
      // Typed before the end and kept after it, it would outlive the conversation.
      requireActive(tx.conversation(this.#id));
      tx.put(drafts, this.#id, { text });
    });
  }

  /** Makes fresh keys for this device now, without waiting for the update policy. Resolves with the new epoch. */
  heal(options: Cancelable = {}): Promise<{ epoch: number }> {
    return this.#commit({ type: 'heal' }, options);
  }

  /**
   * Asks to leave. In MLS no member can remove itself, so another member's client commits the removal as soon as it sees
   * the request. Until then the state is `leaving`, and nothing can be sent. If everyone else has also asked to leave, no
   * commit is needed: each client ends the conversation by itself, and the state is `left`.
   *
   * Leaving twice is not an error. While the state is `leaving`, this resolves when the first call does. If you have left
   * or were removed, it does nothing.
   *
   * If the conversation is `stuck` or `forked`, or becomes so before the request is out, or the relay refuses to show it from
   * where this device has read it (see {@link trouble}), it is left on this device alone: its keys are wiped here, the state
   * is `left`, and the others still have you as a member. They can remove you and add you again.
   */
  async leave(options: Cancelable = {}): Promise<void> {
    check(CANCELABLE, options);
    options.signal?.throwIfAborted();
    const { ledger, driver } = this.#parts;
    const start = () => ledger.transact((tx) => this.#startLeaving(tx));
    driver.intake.divide();
    for (let id = await start(); id !== undefined; id = await start()) {
      try {
        return await this.#delivery.accepted(id, options);
      } catch (error) {
        // Now it is beyond reach; or it was brought back meanwhile, and is left as any other.
        const isOut = hasCode(error, 'CONVERSATION_STUCK', 'RELAY_FORKED') || isRefusal(this.trouble);
        if (!isOut) throw error;
      }
    }
  }

  /** Waits until everything that is queued now is settled. */
  async settle(options: Cancelable): Promise<void> {
    await this.#delivery.drained(options);
  }

  touch(): void {
    this.#version++;
    this.#waiting = undefined;
    this.#timeline.wake();
  }

  wake(): void {
    this.#timeline.wake();
  }

  close(): void {
    this.#timeline.close();
  }

  async #commit(intent: Intent, options: Cancelable): Promise<{ epoch: number }> {
    check(CANCELABLE, options);
    options.signal?.throwIfAborted();
    requireActive(this.#row);
    const id = await this.#parts.driver.intend(this.#id, intent, { urgent: false });
    await this.#delivery.settled(id, options);
    requireActive(this.#row);
    return { epoch: this.epoch };
  }

  /** The line of what has left the outbox without an error. The group may have gone on without us before it was sent. */
  async #sentLine(position: number): Promise<Message | undefined> {
    const sent = await this.#timeline.at(position);
    if (sent?.state === 'failed') requireActive(this.#row);
    return sent;
  }

  /** @returns the id of what has to reach the relay for it, if anything does */
  async #startLeaving(tx: Transaction): Promise<EntryId | undefined> {
    const row = tx.conversation(this.#id);
    if (isOver(row)) return undefined;
    if (isBeyondReach(row) || isRefusal(this.trouble)) {
      await endConversation(tx, this.#id, 'left');
      // A relay that was restored from a backup hands out the same key packages again.
      renewKeyPackages(tx);
      return undefined;
    }
    if (row.state === 'leaving') return this.#leaveToo(tx);
    requireActive(row);
    tx.remove(drafts, this.#id);
    if ((await tx.group(this.#id)).members.some(({ own }) => !own)) {
      tx.update(this.#id, { state: 'leaving' });
      const id = newEntryId(tx.platform.random);
      return tx.enqueue({ kind: 'leave', conversationId: row.id, id }).id;
    }
    await endConversation(tx, this.#id, 'left');
    return undefined;
  }

  /** It is being left already: whoever waits for that can be one more. */
  #leaveToo(tx: Transaction): EntryId | undefined {
    const waiting = tx.outboxRows(this.#id).find(({ kind }) => kind === 'leave');
    if (waiting !== undefined) tx.putOutbox({ ...waiting, wanted: (waiting.wanted ?? 1) + 1 });
    return waiting?.id;
  }

  readonly #requireActive = (tx: Transaction): void => {
    requireActive(tx.conversation(this.#id));
  };

  /** Whether a person may say something here: to members whose keys are the ones that were seen first. */
  readonly #requireReady = (tx: Transaction): void => {
    this.#requireActive(tx);
    for (const { handle, accountKey } of this.#parts.ledger.group(this.#id)?.members ?? [])
      requireUnchanged(tx.row(contacts, handle), toBase64Url(accountKey));
  };

  get #row(): ConversationRow {
    const row = this.#parts.ledger.row(conversations, this.#id);
    if (row === undefined)
      throw sdkError(
        'CONVERSATION_NOT_FOUND',
        'No conversation has this id. Look it up in the list of conversations.',
      );
    return row;
  }
}

/** Whether nothing is read or sent there any more. */
function isOver({ state }: ConversationRow): boolean {
  return state === 'left' || state === 'removed';
}

/** Whether this device can follow the log no more, so that nobody can be told anything. */
function isBeyondReach({ state }: ConversationRow): boolean {
  return state === 'stuck' || state === 'forked';
}

/** Whether a line counts as unread until it was read. */
function isUnread({ own, content }: Message): boolean {
  return !own && ['text', 'undecryptable'].includes(content.type);
}
