import type { Base64Url, StreamEvent } from '@quicprochat/protocol';
import { QuicprochatError } from '../errors.ts';
import type { Place, RelaySession } from '../transport/relay-session.ts';
import { BACKOFF_MS, waitAfter } from './backoff.ts';
import type { Driver } from './driver.ts';
import { Followed } from './followed.ts';
import type { Inbox } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import { conversations } from './rows.ts';
import { isRefusal, Retries } from './retries.ts';
import { isContested, isReadable } from './standing.ts';

export type Connection = 'connecting' | 'online' | 'offline' | 'closed';

/** How often the clock's part of the update policy is looked at, and commits that nobody made are made after all. */
const TEND_EVERY_MS = 15_000;

/** A running stream that has not said by then that it follows what it was asked to is given up. A relay takes five seconds. */
const FOLLOW_WITHIN_MS = 10_000;

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
  readonly #retries: Retries;
  #reopenGroups = new AbortController();
  #followed = new Followed([]);
  readonly #up = { inbox: false, groups: false };
  /** Whether the last call reached the relay. */
  #hasContact = false;
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
    this.#retries = new Retries({
      platform: this.#ledger.platform,
      closing: this.#closing.signal,
      again: (id) => this.#driver.drive(id, { readLog: false }),
      onChange: () => {
        this.#followChanges();
        this.#tell();
      },
    });
  }

  start(): void {
    this.#driver.patient = true;
    this.#driver.isAway = () => this.#isAway();
    this.#relay.onContact = (reached) => {
      this.#noteContact(reached);
    };
    this.#driver.onRun = (id, error) => {
      if (!this.#isClosing()) this.#retries.note(id, error);
    };
    const stop = this.#ledger.onChange(() => {
      this.#followChanges();
    });
    this.#closing.signal.addEventListener('abort', stop, { once: true });
    void this.#keep('inbox', (signal) => this.#followInbox(signal));
    void this.#keep('groups', (signal) => this.#followReadable(signal));
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
        if (!(hasLasted && error instanceof StreamEnded)) this.#lose(name, error);
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
    let { cursor } = this.#inbox;
    for await (const event of this.#relay.followInbox(cursor, signal)) {
      if (event.type === 'open') this.#mark('inbox', true);
      if (event.type === 'inbox-entry') {
        await this.#inbox.receive([event.entry], cursor);
        cursor = event.entry.sequence;
      }
      if (event.type === 'key-packages-low') await this.#inbox.topUpKeyPackages();
    }
    throw new StreamEnded();
  }

  /** The relay refuses a stream as a whole, whichever group it is for: reading each by itself tells. */
  async #followReadable(signal: AbortSignal): Promise<void> {
    try {
      await this.#followGroups(signal);
    } catch (error) {
      if (isRefusal(error)) await this.#findRefused();
      throw error;
    }
  }

  /** Those that are refused are left out of the next stream, and tried again by themselves. */
  async #findRefused(): Promise<void> {
    for (const { groupId } of this.#groups()) {
      if (this.#isClosing()) return;
      await this.#attempt(() => this.#driver.drive(groupId, { readLog: true }));
    }
  }

  async #followGroups(signal: AbortSignal): Promise<void> {
    this.#reopenGroups = new AbortController();
    const groups = this.#groups();
    const followed = (this.#followed = new Followed(groups));
    const either = AbortSignal.any([signal, this.#reopenGroups.signal]);
    if (groups.length === 0) {
      this.#mark('groups', true);
      return aborted(either);
    }
    try {
      for await (const event of this.#relay.followGroups(groups, either)) await this.#take(event, followed);
    } finally {
      followed.stream = undefined;
    }
    // Where there is nothing else to follow, the relay closed it, and we wait a little before we come back.
    if (!either.aborted && followed.missing(this.#groups()).length === 0) throw new StreamEnded();
  }

  async #take(event: StreamEvent, followed: Followed): Promise<void> {
    switch (event.type) {
      case 'open':
        followed.stream = event.stream;
        this.#mark('groups', true);
        return this.#sendWaiting(followed.groupIds());
      case 'following':
        followed.confirm(event);
        return this.#sendWaiting([event.groupId]);
      case 'epoch-ended':
        return followed.end(event);
      case 'group-entry':
        return this.#attempt(() => this.#driver.deliver(event.groupId, event));
      case 'signal':
      case 'inbox-entry':
      case 'key-packages-low':
      // What a later relay may say besides is not for this version.
    }
  }

  /** What was queued while there was no connection goes out now. */
  #sendWaiting(groupIds: readonly string[]): void {
    for (const id of groupIds) void this.#attempt(() => this.#driver.drive(id, { readLog: false }));
  }

  /** New epochs and groups are added to the stream that runs. To get rid of a group, it is opened anew. */
  #followChanges(): void {
    const groups = this.#groups();
    const missing = this.#followed.missing(groups);
    const { stream } = this.#followed;
    const isLeft = this.#followed.hasOthers(groups);
    if (missing.length > 0 && stream !== undefined && !isLeft) void this.#followToo(stream, missing);
    else if (missing.length > 0 || isLeft) this.#reopenGroups.abort();
  }

  /** Where the stream does not say in time that it follows, it is opened anew. */
  async #followToo(stream: Base64Url, groups: readonly Place[]): Promise<void> {
    const followed = this.#followed;
    const reopen = this.#reopenGroups;
    followed.ask(groups);
    await this.#attempt(async () => {
      await this.#relay.followToo(stream, groups);
      await this.#ledger.platform.timers.sleep(FOLLOW_WITHIN_MS, reopen.signal);
    });
    if (followed.isWaitingFor(groups)) reopen.abort();
  }

  #groups(): Place[] {
    return (
      this.#ledger
        .rows(conversations)
        .filter(isReadable)
        .filter(({ cursor, epoch }) => cursor > 0 || epoch > 0)
        // The stream of an epoch that has ended shows its first commit, again and again.
        .filter((row) => !isContested(row) && !this.#retries.isRefused(row.id))
        .map(({ id, epoch, cursor }) => ({ groupId: id, epoch, cursor }))
    );
  }

  async #tick(): Promise<void> {
    while (!this.#isClosing()) {
      await this.#sleep(TEND_EVERY_MS * (0.5 + this.#ledger.platform.random.fraction()));
      if (this.#isClosing()) return;
      // What another tab has committed, should taking it over have failed when it happened.
      await this.#attempt(() => this.#ledger.refresh());
      for (const row of this.#ledger.rows(conversations).filter(isReadable)) {
        // Its own timer knows better when: the relay may have asked for more time.
        if (this.#retries.isScheduled(row.id)) continue;
        await this.#attempt(() => this.#driver.tend(row.id));
      }
    }
  }

  /**
   * What fails here comes again without the caller: runs of the driver by `Retries`, which hears of each of them, and
   * everything else with the next tick or when the stream is opened anew.
   */
  async #attempt(work: () => Promise<void>): Promise<void> {
    await work().catch(() => undefined);
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  #mark(name: 'inbox' | 'groups', up: boolean): void {
    const wasAway = this.#isAway();
    this.#up[name] = up;
    if (up) this.#openedMs[name] = this.#ledger.platform.clock.now();
    this.#tell();
    if (wasAway) this.#sendIfBack();
  }

  #lose(name: 'inbox' | 'groups', error: unknown): void {
    // What the relay refuses, or a fault of our own, is no sign that it cannot be reached.
    const isOutOfReach = !(error instanceof QuicprochatError) || error.code === 'NETWORK';
    if (isOutOfReach) this.#hasContact = false;
    this.#mark(name, false);
  }

  #noteContact(reached: boolean): void {
    const wasAway = this.#isAway();
    this.#hasContact = reached;
    if (wasAway) this.#sendIfBack();
  }

  /**
   * Whether the relay is out of reach, as far as this client knows: it has no stream for its inbox, and its last call, if
   * there was one, did not get through. While the stream is being opened again, calls tell when that has changed.
   */
  #isAway(): boolean {
    return !this.#up.inbox && !this.#hasContact;
  }

  /** What was held back as long as the relay was away goes out. */
  #sendIfBack(): void {
    if (this.#isAway() || this.#isClosing()) return;
    const ids = this.#ledger.rows(conversations).map(({ id }) => id);
    this.#sendWaiting(ids.filter((id) => this.#ledger.outbox.first(id) !== undefined));
  }

  /** Online is who hears of everything and has nothing due that fails. */
  #tell(): void {
    const isOnline = this.#up.inbox && this.#up.groups && !this.#retries.isAnyFailing;
    this.#onConnection(isOnline ? 'online' : 'offline');
  }

  /** Ends early, without an error, when the client is closed. */
  async #sleep(ms: number): Promise<void> {
    await this.#ledger.platform.timers.sleep(ms, this.#closing.signal).catch(() => undefined);
  }
}

/** The relay has ended a stream, without an error. */
class StreamEnded extends Error {}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
