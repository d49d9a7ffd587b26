import { fromBase64Url, toBase64Url, type GroupId, type InboxEntry } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { hasCode, isAboutInput, QuicprochatError } from '../model/errors.ts';
import type { Relay } from '../transport/relay.ts';
import type { CallResult } from '../worker/protocol.ts';
import { learnContacts } from '../account/contact-keys.ts';
import { renewKeyPackages } from '../account/key-package-renewal.ts';
import type { Driver } from './driver.ts';
import { newEntryId } from '../model/entry-id.ts';
import { requireInOrder } from './inbox-order.ts';
import type { KeyPackages } from './key-packages.ts';
import { enteredRow } from '../state/entered.ts';
import type { Ledger } from '../state/ledger.ts';
import { PageSize } from '../log/page-size.ts';
import { ACCOUNT, accounts, conversations } from '../state/rows.ts';
import { isReadable } from '../state/standing.ts';
import type { Transaction } from '../state/transaction.ts';

type Joined = CallResult<'group.join'>;

/** Takes in the Welcomes of this device's inbox. */
export class Welcomes {
  readonly #ledger: Ledger;
  readonly #relay: Relay;
  readonly #driver: Driver;
  readonly #keyPackages: KeyPackages;
  readonly #pageSize = new PageSize();

  constructor(ledger: Ledger, relay: Relay, parts: { driver: Driver; keyPackages: KeyPackages }) {
    this.#ledger = ledger;
    this.#relay = relay;
    this.#driver = parts.driver;
    this.#keyPackages = parts.keyPackages;
  }

  /** Where the next entry is asked for. */
  get cursor(): number {
    return this.#ledger.row(accounts, ACCOUNT)?.inboxCursor ?? 0;
  }

  /** Reads what is there and joins the groups it welcomes to. */
  async catchUp(): Promise<void> {
    try {
      await this.#readAll();
    } catch (error) {
      if (!hasCode(error, 'CURSOR_INVALID')) throw error;
      // The relay has less than this device has read of it, as after a restore from a backup. A Welcome that comes
      // twice is known, but one that comes at a place which was read before the restore would be missed.
      await this.#startAgain();
      await this.#readAll();
    }
  }

  async #readAll(): Promise<void> {
    await this.#acknowledge();
    for (let more = true; more;) {
      const { cursor } = this;
      const page = await this.#pageSize.read((limit) => this.#relay.device.readInbox(cursor, limit));
      await this.receive(page.entries, cursor);
      more = page.more && page.entries.length > 0;
    }
  }

  /**
   * Joins, then tells the relay to delete: a crash in between brings the same Welcomes once more, and they are known.
   * What fails here is not read: it comes again with the next page or stream from the cursor.
   *
   * @param after where the relay was asked from
   * @throws RELAY_MISBEHAVED where they cannot be what stands there; then none is taken
   */
  async receive(entries: readonly InboxEntry[], after: number): Promise<void> {
    requireInOrder(entries, after);
    const joined: GroupId[] = [];
    // Another tab may have taken some of them.
    for (const entry of entries.filter(({ sequence }) => sequence > this.cursor)) {
      await this.#readLogOf(entry);
      const id = await this.#ledger.transact((tx) => this.#join(tx, entry));
      if (id !== undefined) joined.push(id);
    }
    await this.#acknowledge();
    if (joined.length > 0) await this.#keyPackages.topUpIfAccepted();
    // What went on in the group since is read in its own time; here only joining counts. Where it fails, a client that
    // stays runs it again by itself, and one that does not stay with the next `sync`.
    for (const id of joined) void this.#driver.drive(id, { readLog: true }).catch(() => undefined);
  }

  /** Tells the relay up to where it may delete, unless it knows. */
  async #acknowledge(): Promise<void> {
    const { cursor } = this;
    const { inboxAcknowledged = 0 } = this.#ledger.row(accounts, ACCOUNT) ?? {};
    if (cursor <= inboxAcknowledged) return;
    await this.#relay.device.acknowledgeInbox(cursor);
    await this.#ledger.transact(async (tx) => {
      const account = tx.row(accounts, ACCOUNT);
      if (account !== undefined) tx.put(accounts, ACCOUNT, { ...account, inboxAcknowledged: cursor });
    });
  }

  async #startAgain(): Promise<void> {
    await this.#ledger.transact(async (tx) => {
      const account = tx.row(accounts, ACCOUNT);
      if (account !== undefined)
        tx.put(accounts, ACCOUNT, { ...account, inboxCursor: 0, inboxAcknowledged: 0 });
    });
  }

  /**
   * Who is welcomed to a conversation that goes on here may have been removed from it, or left behind, without having
   * read that yet; until it has, its Welcome would look like one too many.
   */
  async #readLogOf({ groupId }: InboxEntry): Promise<void> {
    const known = this.#ledger.row(conversations, groupId);
    if (!isReadable(known)) return;
    try {
      await this.#driver.drive(known.id, { readLog: true });
    } catch (error) {
      // Only what may go by itself keeps the Welcome waiting: one conversation's trouble must not block all others.
      if (!(error instanceof QuicprochatError) || error.retryable) throw error;
    }
  }

  async #join(tx: Transaction, entry: InboxEntry): Promise<GroupId | undefined> {
    const account = tx.row(accounts, ACCOUNT);
    if (account === undefined || entry.sequence <= account.inboxCursor) return undefined;
    tx.put(accounts, ACCOUNT, { ...account, inboxCursor: entry.sequence });
    const { nowMs } = tx;
    try {
      const joined = await this.#takeWelcome(tx, entry, nowMs);
      return this.#enter(tx, joined, { cursor: entry.groupSequence, nowMs, handle: account.handle });
    } catch (error) {
      // A Welcome that cannot be opened, or that was opened before, concerns nobody: it is passed over. A fault of our
      // own says nothing about the Welcome: it undoes the transaction, and the Welcome is read again.
      if (!isAboutInput(error)) throw error;
      if (hasCode(error, 'WELCOME_NOT_FOR_US') && this.#isStuck(tx, entry)) renewKeyPackages(tx);
      return undefined;
    }
  }

  /** Whether the Welcome is to bring a stuck device back: then it was made for a key package of a copy of this storage. */
  #isStuck(tx: Transaction, { groupId }: InboxEntry): boolean {
    return tx.row(conversations, groupId)?.state === 'stuck';
  }

  /** Who is stuck or was removed comes in anew: the Welcome replaces what the core has of the group. */
  #takeWelcome(tx: Transaction, entry: InboxEntry, nowMs: number): Promise<Joined> {
    const { secrets, shared } = entry;
    return tx.joinGroup({ secrets: fromBase64Url(secrets), shared: fromBase64Url(shared), nowMs });
  }

  #enter(
    tx: Transaction,
    { group, inviter }: Joined,
    { cursor, nowMs, handle }: { cursor: number; nowMs: number; handle: string },
  ): GroupId {
    const id = hex.encode(group.groupId) as GroupId;
    const before = tx.row(conversations, id);
    const nameFrom = toBase64Url(inviter.accountKey);
    tx.put(conversations, id, { ...enteredRow({ id, group, cursor, nowMs }, before), nameFrom });
    learnContacts(tx, group.members);
    tx.append(id, {
      id: newEntryId(tx.platform.random),
      from: inviter.handle,
      own: false,
      epoch: group.epoch,
      sentAtMs: nowMs,
      receivedAtMs: nowMs,
      state: 'received',
      content: { type: 'members-added', handles: [handle] },
    });
    return id;
  }
}
