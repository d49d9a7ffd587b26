import { Client, QuicprochatError } from '@quicprochat/sdk';
import type { Rng } from '@quicprochat/testkit';
import type { Disk } from './disk.ts';
import { KeyUse } from './key-use.ts';
import type { Mischief } from './mischief.ts';
import type { Network } from './network.ts';
import { RELAY_ADDRESS } from './relay.ts';
import type { Scheduler } from './scheduler.ts';
import { Tab, type DeviceClock } from './tab.ts';

/** How many groups a client keeps in memory: with one, the others are loaded again and again. */
const GROUPS_IN_MEMORY = [1, 2, 32];

/** How long a person waits before opening a tab anew whose client could not open, or whose storage was closed. */
const MOST_PATIENCE_MS = 1_000;

/** A tab and its client, which is undefined while it opens. */
export interface Open {
  tab: Tab;
  client: Client | undefined;
  /** Calls that have not ended yet. */
  calls: Set<string>;
}

interface Parts {
  scheduler: Scheduler;
  network: Network;
  rng: Rng;
  mischief: Mischief;
}

/** One storage of a person's device, and any number of tabs that are open on it. */
export class Device {
  readonly name: string;
  readonly disk: Disk;
  readonly keyUse = new KeyUse();
  readonly clock: DeviceClock = { offMs: 0 };
  readonly #handle: string;
  readonly #parts: Parts;
  readonly #open: Open[] = [];
  readonly #groupsInMemory: number;
  #tabs = 0;
  /** What opens a locked storage. More than one after a change that was cut off: either can count. */
  #secrets: Uint8Array[] = [];
  /** Before which events of its tabs the newest tab dies, each counted from the death before it. */
  #deaths: number[] = [];
  /** The events of its tabs since {@link dieAt}, or since the last death. */
  events = 0;
  /** Which tabs called themselves online although their link was frozen and something waited. */
  readonly shownOnline: string[] = [];
  /** What opened it without its secret, or was told anything else than that it is locked. */
  readonly intrusions: string[] = [];

  constructor({ name, handle, disk }: { name: string; handle: string; disk: Disk }, parts: Parts) {
    this.name = name;
    this.disk = disk;
    this.#handle = handle;
    this.#parts = parts;
    this.#groupsInMemory = parts.rng.pick(GROUPS_IN_MEMORY);
    if (disk.isLocked) this.#secrets = [this.#newSecret()];
  }

  /** Another device with a copy of everything that is stored here. */
  clone(name: string): Device {
    const clone = new Device({ name, handle: this.#handle, disk: this.disk.copy() }, this.#parts);
    clone.#secrets = [...this.#secrets];
    return clone;
  }

  get isOpen(): boolean {
    return this.#open.length > 0;
  }

  /** Clients that have finished opening. */
  get clients(): Client[] {
    return this.#open.flatMap(({ client }) => client ?? []);
  }

  /** Calls of open tabs that have not ended yet. */
  get calls(): string[] {
    return this.#open.flatMap(({ calls }) => [...calls]);
  }

  /** The newest tab that somebody can use: its client has finished opening, and it is not frozen. */
  get newest(): (Open & { client: Client }) | undefined {
    return this.#open.findLast(
      (open): open is Open & { client: Client } => open.client !== undefined && !open.tab.isFrozen,
    );
  }

  /** Opens one more tab. If its client fails to open, closes the tab after a while and opens another one. */
  openTab(): void {
    const tab = this.#newTab();
    const open: Open = { tab, client: undefined, calls: new Set() };
    this.#open.push(open);
    tab.onStorageClosed = () => this.#openAnew(open);
    tab.onEvent = () => this.#countEvent();
    const [secret] = this.#secrets;
    this.#create(tab, secret).then(
      (client) => {
        open.client = client;
      },
      (error: unknown) => {
        // Another one may have been meant to take its place, and has.
        if (codeOf(error) === 'SECRET_WRONG') this.#secrets.push(...this.#secrets.splice(0, 1));
        this.#openAnew(open);
      },
    );
  }

  /** Somebody who has not got the secret, or a wrong one, tries to open the storage. */
  intrude(): void {
    if (!this.disk.hasSlots) return;
    const tab = this.#newTab();
    const secret = this.#parts.rng.chance(0.5) ? this.#newSecret() : undefined;
    const expected = secret === undefined ? 'STORE_LOCKED' : 'SECRET_WRONG';
    void this.#create(tab, secret).then(
      () => this.intrusions.push('somebody opened the storage without its secret'),
      (error: unknown) => {
        const code = codeOf(error);
        if (code !== expected && code !== 'STORE_UNAVAILABLE')
          this.intrusions.push(`who has no secret is told ${code}`);
        tab.kill();
      },
    );
  }

  /** Changes the secret, in the newest tab. It can be killed meanwhile. */
  changeSecret(): void {
    const { newest } = this;
    if (newest === undefined || !this.disk.hasSlots) return;
    const [next, before] = [this.#newSecret(), this.#secrets];
    this.#secrets = [next, ...before];
    void newest.client.keys
      .list()
      .then(([slot]) => newest.client.keys.change(slot?.id ?? '', { secret: next }))
      .catch(() => undefined);
  }

  #newTab(): Tab {
    this.#tabs += 1;
    const { scheduler, network, rng, mischief } = this.#parts;
    const names = { name: `${this.name}.${this.#tabs}`, device: this.name };
    return new Tab(names, {
      scheduler,
      network,
      keyUse: this.keyUse,
      mischief,
      clock: this.clock,
      seed: rng.below(2 ** 31),
    });
  }

  #create(tab: Tab, secret: Uint8Array | undefined): Promise<Client> {
    return Client.create({
      relay: RELAY_ADDRESS,
      handle: this.#handle,
      storage: this.disk.openFor(tab),
      groupsInMemory: this.#groupsInMemory,
      platform: tab.platform,
      ...(secret !== undefined && { unlock: { secret } }),
    });
  }

  #newSecret(): Uint8Array {
    return Uint8Array.from({ length: 32 }, () => this.#parts.rng.below(256));
  }

  /** Kills the newest tab. Its client gets no chance to clean up. */
  killTab(): void {
    const newest = this.#open.at(-1);
    if (newest !== undefined) this.#kill(newest);
  }

  /** Kills the newest tab shortly after its next commit, so that it can die between two commits that belong together. */
  killTabAfterCommit(delayMs: number): void {
    const newest = this.#open.at(-1);
    if (newest === undefined) return;
    newest.tab.onCommit = () => newest.tab.after('dies', () => this.#kill(newest), delayMs);
  }

  /**
   * Kills the newest tab before the n-th event of the device’s tabs, and opens another one. With more numbers that happens
   * again, each counted from the death before it.
   */
  dieAt(events: readonly number[]): void {
    this.#deaths = [...events];
    this.events = 0;
  }

  #countEvent(): void {
    this.events += 1;
    if (this.events !== this.#deaths[0]) return;
    this.#deaths.shift();
    this.events = 0;
    this.killTab();
    this.openTab();
  }

  /** Stops killing tabs after commits. A kill that is already planned still happens. */
  spareTabs(): void {
    for (const { tab } of this.#open) tab.onCommit = () => undefined;
  }

  /** Freezes the newest tab for a time. Returns its name. */
  freezeTab(forMs: number): string | undefined {
    const tab = this.#open.at(-1)?.tab;
    if (tab === undefined) return undefined;
    tab.freeze();
    this.#parts.scheduler.after(forMs, `${tab.name} thaws`, () => tab.thaw());
    return tab.name;
  }

  /** Looks after a time, if the link is frozen until then, whether a tab calls itself online in which something waits since now. */
  lookAfterFreeze(afterMs: number): void {
    const { network, scheduler } = this.#parts;
    const waiting = this.#open
      .filter(({ client, tab }) => client !== undefined && !tab.isFrozen)
      .map((open) => ({ open, calls: [...open.calls], freezes: open.tab.freezes }));
    const frozen = network.freezeOf(this.name);
    scheduler.after(afterMs, `${this.name} is looked at`, () => {
      if (frozen === undefined || network.freezeOf(this.name) !== frozen) return;
      for (const { open, calls, freezes } of waiting) {
        const { tab, client } = open;
        const waits = calls.find((call) => open.calls.has(call));
        if (!tab.isAlive || tab.freezes !== freezes || waits === undefined) continue;
        if (client?.connection === 'online')
          this.shownOnline.push(`${tab.name} is called online on a frozen link, while ${waits} waits`);
      }
    });
  }

  /** Ends all that {@link freezeTab} did. */
  thawTabs(): void {
    for (const { tab } of this.#open) tab.thaw();
  }

  /** Has the system tell all tabs that the network is back, or gone. */
  sayConnectivity(isOnline: boolean): void {
    for (const { tab } of this.#open) tab.sayConnectivity(isOnline);
  }

  closeAll(): void {
    for (const open of [...this.#open]) this.#kill(open);
  }

  #openAnew(open: Open): void {
    open.tab.after(
      'is opened anew',
      () => {
        this.#kill(open);
        this.openTab();
      },
      MOST_PATIENCE_MS,
    );
  }

  #kill(open: Open): void {
    if (!open.tab.isAlive) return;
    open.tab.kill();
    this.#open.splice(this.#open.indexOf(open), 1);
  }
}

function codeOf(error: unknown): string {
  return error instanceof QuicprochatError ? error.code : String(error);
}
