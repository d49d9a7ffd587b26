import type { RelaySession } from '../transport/relay-session.ts';
import { BACKOFF_MS, waitAfter } from './backoff.ts';
import type { Driver } from './driver.ts';
import type { Inbox } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import { isContested, isReadable } from './log-reader.ts';
import { ACCOUNT, accounts, conversations } from './rows.ts';

export type Connection = 'connecting' | 'online' | 'offline' | 'closed';

/** How often the clock's part of the update policy is looked at, and commits that nobody made are made after all. */
const TEND_EVERY_MS = 15_000;

/**
 * Keeps a client up to date for as long as it is open: two streams (the device's inbox, and the logs of its groups,
 * which the relay is not told belong together with the inbox), opened anew from our own cursors whenever one breaks,
 * and a slow tick for what time alone makes due.
 */
export class Live {
  readonly #ledger: Ledger;
  readonly #relay: RelaySession;
  readonly #driver: Driver;
  readonly #inbox: Inbox;
  readonly #closing = new AbortController();
  readonly #onConnection: (connection: Connection) => void;
  #reopenGroups = new AbortController();
  #followed = '';
  readonly #up = { inbox: false, groups: false };
  /** Since when each stream has been open, in the try that is going on. */
  readonly #openedMs: { inbox?: number | undefined; groups?: number | undefined } = {};

  constructor(options: {
    ledger: Ledger;
    relay: RelaySession;
    driver: Driver;
    inbox: Inbox;
    onConnection: (connection: Connection) => void;
  }) {
    this.#ledger = options.ledger;
    this.#relay = options.relay;
    this.#driver = options.driver;
    this.#inbox = options.inbox;
    this.#onConnection = options.onConnection;
  }

  start(): void {
    this.#driver.patient = true;
    const stop = this.#ledger.onChange(() => {
      this.#reopenWhenGroupsChange();
    });
    this.#closing.signal.addEventListener('abort', stop, { once: true });
    void this.#keep('inbox', (signal) => this.#followInbox(signal));
    void this.#keep('groups', (signal) => this.#followGroups(signal));
    void this.#tick();
  }

  stop(): void {
    this.#closing.abort();
    this.#reopenGroups.abort();
  }

  /** Follows a stream over and over; waits longer after each that did not last. */
  async #keep(name: 'inbox' | 'groups', followOnce: (signal: AbortSignal) => Promise<void>): Promise<void> {
    const { signal } = this.#closing;
    let delayMs = BACKOFF_MS.first;
    while (!this.#isClosing()) {
      this.#openedMs[name] = undefined;
      try {
        await followOnce(signal);
        delayMs = BACKOFF_MS.first;
      } catch (error) {
        if (this.#isClosing()) return;
        const hasLasted = this.#hasLasted(name);
        if (hasLasted) delayMs = BACKOFF_MS.first;
        // One that lasted and was ended by the relay, as it ends all within the hour, is no lost connection.
        if (!(hasLasted && error instanceof StreamEnded)) this.#mark(name, false);
        // Jitter, so that everyone whom a restart cut off does not come back in the same instant.
        await this.#sleep(waitAfter(error, delayMs) * (0.5 + this.#ledger.platform.random.fraction()));
        delayMs = Math.min(delayMs * 2, BACKOFF_MS.most);
      }
    }
  }

  #hasLasted(name: 'inbox' | 'groups'): boolean {
    const openedMs = this.#openedMs[name];
    return openedMs !== undefined && this.#ledger.platform.clock.now() - openedMs > BACKOFF_MS.most;
  }

  async #followInbox(signal: AbortSignal): Promise<void> {
    await this.#inbox.topUpKeyPackages();
    await this.#inbox.catchUp();
    await this.#inbox.forgetExpiredKeyPackages();
    const cursor = this.#ledger.row(accounts, ACCOUNT)?.inboxCursor ?? 0;
    for await (const event of this.#relay.followInbox(cursor, signal)) {
      if (event.type === 'open') this.#mark('inbox', true);
      if (event.type === 'inbox-entry') await this.#inbox.receive([event.entry]);
    }
    throw new StreamEnded();
  }

  async #followGroups(signal: AbortSignal): Promise<void> {
    this.#reopenGroups = new AbortController();
    const groups = this.#groups();
    this.#followed = keyOf(groups);
    const either = AbortSignal.any([signal, this.#reopenGroups.signal]);
    if (groups.length === 0) {
      this.#mark('groups', true);
      return aborted(either);
    }
    for await (const event of this.#relay.followGroups(groups, either)) {
      if (event.type === 'open') this.#opened(groups.map(({ groupId }) => groupId));
      if (event.type === 'group-entry') await this.#attempt(() => this.#driver.deliver(event.groupId, event));
    }
    // It ends by itself when all its epochs have: then there are new ones to follow. Where nothing has moved, the relay
    // closed it, and we wait a little before we come back.
    if (!either.aborted && keyOf(this.#groups()) === this.#followed) throw new StreamEnded();
  }

  /** What was queued while there was no connection goes out now. */
  #opened(groupIds: readonly string[]): void {
    this.#mark('groups', true);
    for (const id of groupIds) void this.#attempt(() => this.#driver.drive(id, { readLog: false }));
  }

  /** A stream is opened with each group's key of the moment: a new epoch or another set of groups needs a new one. */
  #reopenWhenGroupsChange(): void {
    if (keyOf(this.#groups()) !== this.#followed) this.#reopenGroups.abort();
  }

  #groups(): { groupId: string; epoch: number; cursor: number }[] {
    return (
      this.#ledger
        .rows(conversations)
        .filter(isReadable)
        .filter(({ cursor, epoch }) => cursor > 0 || epoch > 0)
        // The stream of an epoch that has ended shows its first commit, again and again.
        .filter((row) => !isContested(row))
        .map(({ id, epoch, cursor }) => ({ groupId: id, epoch, cursor }))
    );
  }

  async #tick(): Promise<void> {
    while (!this.#isClosing()) {
      await this.#sleep(TEND_EVERY_MS * (0.5 + this.#ledger.platform.random.fraction()));
      if (this.#isClosing()) return;
      for (const row of this.#ledger.rows(conversations).filter(isReadable)) {
        await this.#attempt(() => this.#driver.tend(row.id));
      }
    }
  }

  /** A conversation's trouble is its own: the network's shows in the streams, and what waits stays in the outbox. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    await work().catch(() => undefined);
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  #mark(name: 'inbox' | 'groups', up: boolean): void {
    this.#up[name] = up;
    if (up) this.#openedMs[name] = this.#ledger.platform.clock.now();
    this.#onConnection(this.#up.inbox && this.#up.groups ? 'online' : 'offline');
  }

  async #sleep(ms: number): Promise<void> {
    await this.#ledger.platform.timers.sleep(ms, this.#closing.signal).catch(() => undefined);
  }
}

/** The relay has ended a stream, without an error. */
class StreamEnded extends Error {}

function keyOf(groups: readonly { groupId: string; epoch: number }[]): string {
  return groups.map(({ groupId, epoch }) => `${groupId}:${epoch}`).join();
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
