import type { Place } from '../transport/events.ts';
import type { Platform } from '../platform/platform.ts';
import type { Relay } from '../transport/relay.ts';
import type { WorkerCore } from '../worker/worker-core.ts';
import type { Driver } from './driver.ts';
import { GroupStreams } from './group-streams.ts';
import type { KeyPackages } from './key-packages.ts';
import type { Welcomes } from './welcomes.ts';
import { KeptStream, StreamEnded } from './kept-stream.ts';
import type { Ledger } from '../state/ledger.ts';
import { Reach } from './reach.ts';
import { Retries } from './retries.ts';
import { conversations } from '../state/rows.ts';
import { isContested, isReadable } from '../state/standing.ts';

export type Connection = 'connecting' | 'online' | 'offline' | 'closed';

/** How often the clock's part of the update policy is looked at, and commits that nobody made are made after all. */
const TEND_EVERY_MS = 15_000;

/** How long somebody who sends something, or asks for a new try, is taken to wait for what comes of it. */
const AWAITED_FOR_MS = 2 * 60_000;

/**
 * Keeps a client up to date for as long as it is open: streams (the device's inbox, and the logs of its groups, which
 * the relay is not told belong together with the inbox), opened anew from our own cursors whenever one breaks, and a
 * slow tick for what time alone makes due.
 */
export class Live {
  readonly #ledger: Ledger;
  readonly #core: Pick<WorkerCore, 'isStopped' | 'onStopped'>;
  readonly #platform: Platform;
  readonly #relay: Relay;
  readonly #driver: Driver;
  readonly #welcomes: Welcomes;
  readonly #keyPackages: KeyPackages;
  readonly #closing = new AbortController();
  readonly #onConnection: (connection: Connection) => void;
  readonly #retries: Retries;
  readonly #reach: Reach;
  readonly #inboxStream: KeptStream;
  readonly #groupStreams: GroupStreams;
  /** Until when somebody waits for the relay to be reached. */
  #awaitedUntilMs = -Infinity;
  /** How many calls are under way whose answers are overdue. */
  #overdue = 0;
  #isRestarting = false;

  constructor(options: {
    ledger: Ledger;
    core: Pick<WorkerCore, 'isStopped' | 'onStopped'>;
    platform: Platform;
    relay: Relay;
    driver: Driver;
    welcomes: Welcomes;
    keyPackages: KeyPackages;
    onConnection: (connection: Connection) => void;
  }) {
    this.#ledger = options.ledger;
    this.#core = options.core;
    this.#platform = options.platform;
    this.#relay = options.relay;
    this.#driver = options.driver;
    this.#welcomes = options.welcomes;
    this.#keyPackages = options.keyPackages;
    this.#onConnection = options.onConnection;
    this.#retries = new Retries({
      platform: this.#platform,
      closing: this.#closing.signal,
      again: (id) => this.#driver.drive(id, { readLog: false }),
      onChange: () => {
        this.#groupStreams.followChanges();
        this.#tell();
      },
    });
    const onChange = () => {
      this.#tell();
    };
    const { platform } = options;
    const { signal: closing } = this.#closing;
    this.#reach = new Reach({
      isStreamUp: () => this.#inboxStream.isUp,
      onBack: () => {
        this.#sendHeldBack();
      },
    });
    this.#inboxStream = new KeptStream({
      platform,
      closing,
      followOnce: (signal) => this.#followInbox(signal),
      onChange: () => {
        this.#tell();
        this.#reach.look();
      },
      onLost: (error) => {
        this.#reach.lost(error);
      },
      isAwaited: () => this.#isAwaited(),
    });
    this.#groupStreams = new GroupStreams(
      {
        platform,
        events: this.#relay.events,
        places: () => this.#places(),
        deliver: (event) => this.#attempt(() => this.#driver.deliver(event.groupId, event)),
        drive: (id, options) => this.#attempt(() => this.#driver.drive(id, options)),
        onChange,
        isAwaited: () => this.#isAwaited(),
      },
      closing,
    );
  }

  start(): void {
    this.#driver.patient = true;
    this.#driver.isAway = () => this.#reach.isAway;
    this.#relay.onContact = (reached) => {
      this.#reach.note(reached);
      if (!reached) this.#doubt();
    };
    this.#relay.onOverdue = () => this.#noteOverdue();
    this.#driver.onAwaited = () => {
      this.#noteAwaited();
    };
    this.#driver.onRun = (id, error) => {
      if (!this.#isClosing()) this.#retries.note(id, error);
    };
    this.#core.onStopped = () => {
      this.#tell();
      void this.#restartCore();
    };
    const stop = this.#ledger.onChange(() => {
      this.#groupStreams.followChanges();
    });
    this.#closing.signal.addEventListener('abort', stop, { once: true });
    void this.#inboxStream.run();
    this.#groupStreams.start();
    void this.#tick();
  }

  stop(): void {
    this.#closing.abort();
  }

  /** Tries at once whatever waits for its next try, and opens all streams anew. */
  reconnect(): void {
    this.#awaitedUntilMs = this.#platform.clock.now() + AWAITED_FOR_MS;
    this.#inboxStream.restart();
    this.#groupStreams.restart();
    this.#retries.tryNow();
  }

  /** If this fails, or the core stops again meanwhile, the next transaction or tick tries again. */
  async #restartCore(): Promise<void> {
    if (this.#isClosing() || this.#isRestarting) return;
    this.#isRestarting = true;
    await this.#attempt(() => this.#ledger.refresh());
    this.#isRestarting = false;
    this.#tell();
  }

  /** Somebody has sent something, and waits for what comes of it. */
  #noteAwaited(): void {
    this.#awaitedUntilMs = this.#platform.clock.now() + AWAITED_FOR_MS;
    if (!this.#reach.isAway) return;
    this.#inboxStream.hasten();
    this.#groupStreams.hasten();
  }

  /** A call waits for its answer for longer than it should. Returns what is to be called when it has ended. */
  #noteOverdue(): () => void {
    this.#overdue += 1;
    this.#doubt();
    this.#tell();
    return () => {
      this.#overdue -= 1;
      this.#tell();
    };
  }

  /** Something did not get through. A stream on the same network may be frozen, and would say so much later. */
  #doubt(): void {
    this.#inboxStream.doubt();
    this.#groupStreams.doubt();
  }

  #isAwaited(): boolean {
    const leftMs = this.#awaitedUntilMs - this.#platform.clock.now();
    // A clock that was set back meanwhile must not have somebody wait for hours.
    return leftMs > 0 && leftMs <= AWAITED_FOR_MS;
  }

  async #followInbox(signal: AbortSignal): Promise<void> {
    await this.#keyPackages.topUpIfAccepted();
    await this.#welcomes.catchUp();
    await this.#keyPackages.forgetExpired();
    let { cursor } = this.#welcomes;
    for await (const event of this.#relay.events.followInbox(cursor, signal)) {
      this.#inboxStream.heard();
      if (event.type === 'open') this.#inboxStream.opened();
      if (event.type === 'inbox-entry') {
        await this.#welcomes.receive([event.entry], cursor);
        cursor = event.entry.sequence;
      }
      if (event.type === 'key-packages-low') await this.#keyPackages.topUpIfAccepted();
    }
    throw new StreamEnded();
  }

  /** The groups to follow, from where each was read. */
  #places(): Place[] {
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

  /** What was not begun while the relay was away goes out. */
  #sendHeldBack(): void {
    if (this.#isClosing()) return;
    for (const { id } of this.#ledger.rows(conversations)) {
      if (this.#ledger.outbox.first(id) === undefined) continue;
      void this.#attempt(() => this.#driver.drive(id, { readLog: false }));
    }
  }

  async #tick(): Promise<void> {
    while (!this.#isClosing()) {
      await this.#sleep(TEND_EVERY_MS * (0.5 + this.#platform.random.fraction()));
      if (this.#isClosing()) return;
      // What another tab has committed, should taking it over have failed when it happened.
      await this.#attempt(() => this.#ledger.refresh());
      if (this.#keyPackages.isRenewalDue && !this.#reach.isAway)
        await this.#attempt(() => this.#keyPackages.topUp());
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

  /** Online is who hears of everything, can open it, and has nothing due that fails or hangs. */
  #tell(): void {
    const hearsAll = !this.#isClosing() && this.#inboxStream.isUp && this.#groupStreams.isUp;
    const isMoving = this.#overdue === 0 && !this.#retries.isAnyFailing;
    const isOnline = hearsAll && isMoving && !this.#core.isStopped;
    this.#onConnection(isOnline ? 'online' : 'offline');
  }

  /** Ends early, without an error, when the client is closed. */
  async #sleep(ms: number): Promise<void> {
    await this.#platform.timers.sleep(ms, this.#closing.signal).catch(() => undefined);
  }
}
