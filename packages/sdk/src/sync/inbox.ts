import {
  fromBase64Url,
  LIMITS,
  toBase64Url,
  type CipherSuite,
  type GroupId,
  type InboxEntry,
} from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { hasCode, isAboutInput, QuicprochatError } from '../model/errors.ts';
import type { KeyPackageUpload } from '../transport/device-calls.ts';
import type { Relay } from '../transport/relay.ts';
import type { CallResult, GroupState } from '../worker/protocol.ts';
import { DailyAllowance } from '../account/allowance.ts';
import { learnContacts } from '../account/contact-keys.ts';
import type { Driver } from './driver.ts';
import { newEntryId } from '../content/history.ts';
import { requireInOrder } from './inbox-order.ts';
import type { Ledger } from '../state/ledger.ts';
import { PageSize } from '../log/page-size.ts';
import { ACCOUNT, accounts, conversations, type ConversationRow } from '../state/rows.ts';
import { isReadable } from '../state/standing.ts';
import type { Transaction } from '../state/transaction.ts';

type Joined = CallResult<'group.join'>;

/** The suites this device can be added under, in the order of preference. */
export const SUITES = [0x004f, 0x004e, 0x0003, 0x0001] as const;

/** Single-use key packages kept at the relay for each suite: refilled to `full` when there are fewer than `low`. */
const POOL = { full: 10, low: LIMITS.lowKeyPackages };

/**
 * Key packages made of a suite in a day, whatever the relay says of how many it has and of what became of the last ones: a
 * hostile one would have us make them, and keep their private keys, without end. A device that is added to more groups
 * than that is added by its last-resort one.
 */
const MOST_PER_DAY = 100;

/**
 * When the relay gets new ones for all that it has of a suite, the last-resort one included: two thirds of their
 * lifetime of 84 days. So whoever is away for less than 28 days can be added.
 */
const RENEW_AFTER_MS = 56 * 24 * 60 * 60 * 1_000;

/** Takes in Welcomes, and keeps the relay supplied with the key packages that bring them. */
export class Inbox {
  readonly #ledger: Ledger;
  readonly #relay: Relay;
  readonly #driver: Driver;
  readonly #pageSize = new PageSize();
  readonly #allowance = new DailyAllowance<CipherSuite>(MOST_PER_DAY);
  /** Made, and not known to have arrived: the next upload is these again. */
  readonly #unsent = new Map<CipherSuite, KeyPackageUpload>();

  constructor(ledger: Ledger, relay: Relay, driver: Driver) {
    this.#ledger = ledger;
    this.#relay = relay;
    this.#driver = driver;
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
    const joined: string[] = [];
    // Another tab may have taken some of them.
    for (const entry of entries.filter(({ sequence }) => sequence > this.cursor)) {
      await this.#readLogOf(entry);
      const id = await this.#ledger.transact((tx) => this.#join(tx, entry));
      if (id !== undefined) joined.push(id);
    }
    await this.#acknowledge();
    if (joined.length > 0) await this.topUpKeyPackages();
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

  async topUpKeyPackages(): Promise<void> {
    for (const suite of SUITES) {
      const upload = this.#unsent.get(suite) ?? (await this.#makeMissing(suite));
      if (upload === undefined) continue;
      this.#unsent.set(suite, upload);
      try {
        await this.#relay.device.publishKeyPackages(upload);
      } catch (error) {
        if (error instanceof QuicprochatError && !error.retryable) this.#unsent.delete(suite);
        throw error;
      }
      this.#unsent.delete(suite);
      // Only now: had the upload failed, the old ones would still be there.
      if (upload.replace) await this.#ledger.transact((tx) => this.#noteRenewal(tx, suite));
    }
  }

  /** Deletes the private keys of what expired. With the inbox read to its end, no Welcome needs them any more. */
  async forgetExpiredKeyPackages(): Promise<void> {
    const nowMs = this.#ledger.relayClock.now();
    await this.#ledger.transact((tx) => tx.call('client.forgetExpiredKeyPackages', { nowMs }));
  }

  /** New ones where the relay has too few or old ones, as far as the day's allowance goes. */
  async #makeMissing(suite: CipherSuite): Promise<KeyPackageUpload | undefined> {
    const { available, lastResort: hasLastResort } = await this.#relay.device.keyPackageStatus(suite);
    const replace = this.#areOld(suite);
    if (!replace && available >= POOL.low && hasLastResort) return undefined;
    const lastResort = replace || !hasLastResort;
    const wanted = (replace ? POOL.full : missingOf(available)) + (lastResort ? 1 : 0);
    // This device's own clock counts: a relay that lies about the time must not get more key packages.
    const granted = this.#allowance.take(suite, wanted, this.#ledger.platform.clock.now());
    // Old ones are replaced by a whole pool, and until then they are better than fewer new ones.
    if (granted === 0 || (replace && granted < wanted)) return undefined;
    const count = granted - (lastResort ? 1 : 0);
    const nowMs = this.#ledger.relayClock.now();
    const made = await this.#ledger.transact((tx) =>
      tx.call('client.keyPackages', { suite, count, lastResort, nowMs }),
    );
    return { suite, replace, ...made };
  }

  #areOld(suite: CipherSuite): boolean {
    const renewedMs = this.#ledger.row(accounts, ACCOUNT)?.keyPackagesRenewedMs?.[suite] ?? -Infinity;
    // A clock that was ahead at the time counts as old too.
    return Math.abs(this.#ledger.relayClock.now() - renewedMs) >= RENEW_AFTER_MS;
  }

  async #noteRenewal(tx: Transaction, suite: CipherSuite): Promise<void> {
    const account = tx.row(accounts, ACCOUNT);
    if (account === undefined) return;
    const keyPackagesRenewedMs = {
      ...account.keyPackagesRenewedMs,
      [suite]: this.#ledger.relayClock.now(),
    };
    tx.put(accounts, ACCOUNT, { ...account, keyPackagesRenewedMs });
  }

  /**
   * Who is welcomed to a conversation that goes on here may have been removed from it, or left behind, without having
   * read that yet; until it has, its Welcome would look like one too many.
   */
  async #readLogOf({ groupId }: InboxEntry): Promise<void> {
    if (!isReadable(this.#ledger.row(conversations, groupId))) return;
    try {
      await this.#driver.drive(groupId, { readLog: true });
    } catch (error) {
      // Only what may go by itself keeps the Welcome waiting: one conversation's trouble must not block all others.
      if (!(error instanceof QuicprochatError) || error.retryable) throw error;
    }
  }

  async #join(tx: Transaction, entry: InboxEntry): Promise<string | undefined> {
    const account = tx.row(accounts, ACCOUNT);
    if (account === undefined || entry.sequence <= account.inboxCursor) return undefined;
    tx.put(accounts, ACCOUNT, { ...account, inboxCursor: entry.sequence });
    const nowMs = this.#ledger.platform.clock.now();
    try {
      const joined = await this.#takeWelcome(tx, entry, nowMs);
      return this.#enter(tx, joined, { cursor: entry.groupSequence, nowMs, handle: account.handle });
    } catch (error) {
      // A Welcome that cannot be opened, or that was opened before, concerns nobody: it is passed over. A fault of our
      // own says nothing about the Welcome: it undoes the transaction, and the Welcome is read again.
      if (isAboutInput(error)) return undefined;
      throw error;
    }
  }

  /** Who is stuck or was removed comes in anew: the Welcome replaces what the core has of the group. */
  #takeWelcome(tx: Transaction, entry: InboxEntry, nowMs: number): Promise<Joined> {
    const { secrets, shared } = entry;
    return tx.call('group.join', { secrets: fromBase64Url(secrets), shared: fromBase64Url(shared), nowMs });
  }

  #enter(
    tx: Transaction,
    { group, inviter }: Joined,
    { cursor, nowMs, handle }: { cursor: number; nowMs: number; handle: string },
  ): string {
    const id = hex.encode(group.groupId) as GroupId;
    const before = tx.row(conversations, id);
    const nameFrom = toBase64Url(inviter.accountKey);
    tx.put(conversations, id, { ...enteredRow({ id, group, cursor, nowMs }, before), nameFrom });
    tx.groups.set(id, group);
    learnContacts(tx, group.members);
    tx.append(id, {
      id: newEntryId(this.#ledger.platform),
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

/** How many a pool lacks. The number is the relay's word, and can be none. */
function missingOf(available: number): number {
  return Number.isSafeInteger(available) ? Math.min(Math.max(0, POOL.full - available), POOL.full) : 0;
}

/** The row of a conversation that this device has just entered; after a second coming, with its old history. */
export function enteredRow(
  { id, group, cursor, nowMs }: { id: GroupId; group: GroupState; cursor: number; nowMs: number },
  before?: ConversationRow,
): ConversationRow {
  return {
    id,
    name: before?.name ?? '',
    // A relay that has shown two logs does not become honest by a Welcome.
    ...(before?.fork
      ? { state: 'forked', fork: before.fork, receipts: before.receipts ?? [] }
      : { state: 'active' }),
    suite: group.suite,
    epoch: group.epoch,
    cursor,
    nextPosition: before?.nextPosition ?? 1,
    readPosition: before?.readPosition ?? 0,
    unread: before?.unread ?? 0,
    ...(before?.lastMessage && { lastMessage: before.lastMessage }),
    lastActivityMs: nowMs,
  };
}
