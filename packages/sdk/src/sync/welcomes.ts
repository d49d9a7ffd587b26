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
import { strand } from '../log/endings.ts';
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
      const id = (await this.#canReadLogOf(entry))
        ? await this.#joinFrom(entry)
        : await this.#joinAnew(entry);
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
   *
   * @returns false if the relay's log does not have the place where this device stands, so that it can never be read on
   */
  async #canReadLogOf({ groupId }: InboxEntry): Promise<boolean> {
    const known = this.#ledger.row(conversations, groupId);
    if (!isReadable(known)) return true;
    try {
      await this.#driver.drive(known.id, { readLog: true });
    } catch (error) {
      // Only what may go by itself keeps the Welcome waiting: one conversation's trouble must not block all others.
      if (!(error instanceof QuicprochatError) || error.retryable) throw error;
      return !hasCode(error, 'CURSOR_INVALID', 'FUTURE_EPOCH', 'NOT_AUTHORIZED');
    }
    return true;
  }

  /** @returns the conversation, or undefined if nothing came of it */
  #joinFrom(entry: InboxEntry): Promise<GroupId | undefined> {
    return this.#ledger.transact(async (tx) => {
      if (!take(tx, entry)) return undefined;
      try {
        return await this.#enter(tx, entry);
      } catch (error) {
        const isStuck = tx.row(conversations, entry.groupId)?.state === 'stuck';
        return passOver(tx, error, { isStuck });
      }
    });
  }

  /** The same in place of a group that can never be read on. If nothing comes of it, that stays as it is. */
  async #joinAnew(entry: InboxEntry): Promise<GroupId | undefined> {
    try {
      return await this.#ledger.transact(async (tx) => {
        if (!take(tx, entry)) return undefined;
        const id = await tx.groupOfWelcome(welcomeIn(entry));
        if (isReadable(tx.row(conversations, id))) await strand(tx, id, NO_COMMIT);
        return this.#enter(tx, entry);
      });
    } catch (error) {
      return this.#ledger.transact(async (tx) =>
        take(tx, entry) ? passOver(tx, error, { isStuck: true }) : undefined,
      );
    }
  }

  /** Who is stuck or was removed comes in anew: the Welcome replaces what the core has of the group. */
  async #enter(tx: Transaction, entry: InboxEntry): Promise<GroupId> {
    const { nowMs } = tx;
    const { group, inviter }: Joined = await tx.joinGroup({ ...welcomeIn(entry), nowMs });
    const id = hex.encode(group.groupId) as GroupId;
    const before = tx.row(conversations, id);
    const nameFrom = toBase64Url(inviter.accountKey);
    tx.put(conversations, id, {
      ...enteredRow({ id, group, cursor: entry.groupSequence, nowMs }, before),
      nameFrom,
    });
    learnContacts(tx, group.members);
    tx.append(id, {
      id: newEntryId(tx.platform.random),
      from: inviter.handle,
      own: false,
      epoch: group.epoch,
      sentAtMs: nowMs,
      receivedAtMs: nowMs,
      state: 'received',
      content: { type: 'members-added', handles: [tx.row(accounts, ACCOUNT)?.handle ?? ''] },
    });
    return id;
  }
}

/** There is a commit that a device which cannot read on has not seen: it stands for that one. */
const NO_COMMIT = new Uint8Array();

function welcomeIn({ secrets, shared }: InboxEntry) {
  return { secrets: fromBase64Url(secrets), shared: fromBase64Url(shared) };
}

/** Notes that an entry is read. Returns false if it had been before. */
function take(tx: Transaction, { sequence }: InboxEntry): boolean {
  const account = tx.row(accounts, ACCOUNT);
  if (account === undefined || sequence <= account.inboxCursor) return false;
  tx.put(accounts, ACCOUNT, { ...account, inboxCursor: sequence });
  return true;
}

/**
 * A Welcome that cannot be opened, or that was opened before, concerns nobody: it is passed over. A fault of our own says
 * nothing about the Welcome: it undoes the transaction, and the Welcome is read again.
 *
 * @param isStuck whether the Welcome is to bring a device back. If it was made for a key package of a copy of this storage,
 *   or for one that a restored relay has handed out before, new key packages let the next one do so
 */
function passOver(tx: Transaction, error: unknown, { isStuck }: { isStuck: boolean }): undefined {
  if (!isAboutInput(error)) throw error;
  if (hasCode(error, 'WELCOME_NOT_FOR_US') && isStuck) renewKeyPackages(tx);
  return undefined;
}
