import { Client } from '@quicprochat/sdk';
import type { Rng } from '@quicprochat/testkit';
import type { Disk } from './disk.ts';
import { KeyUse } from './key-use.ts';
import type { Network } from './network.ts';
import { RELAY_ADDRESS } from './relay.ts';
import type { Scheduler } from './scheduler.ts';
import { Tab } from './tab.ts';

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
}

/** One storage of a person's device, and any number of tabs that are open on it. */
export class Device {
  readonly name: string;
  readonly disk: Disk;
  readonly keyUse = new KeyUse();
  readonly #handle: string;
  readonly #parts: Parts;
  readonly #open: Open[] = [];
  readonly #groupsInMemory: number;
  #tabs = 0;

  constructor({ name, handle, disk }: { name: string; handle: string; disk: Disk }, parts: Parts) {
    this.name = name;
    this.disk = disk;
    this.#handle = handle;
    this.#parts = parts;
    this.#groupsInMemory = parts.rng.pick(GROUPS_IN_MEMORY);
  }

  /** Another device with a copy of everything that is stored here. */
  clone(name: string): Device {
    return new Device({ name, handle: this.#handle, disk: this.disk.copy() }, this.#parts);
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

  /** The newest tab whose client has finished opening. */
  get newest(): (Open & { client: Client }) | undefined {
    return this.#open.findLast((open): open is Open & { client: Client } => open.client !== undefined);
  }

  /** Opens one more tab. If its client fails to open, closes the tab after a while and opens another one. */
  openTab(): void {
    this.#tabs += 1;
    const { scheduler, network, rng } = this.#parts;
    const names = { name: `${this.name}.${this.#tabs}`, device: this.name };
    const { keyUse } = this;
    const tab = new Tab(names, { scheduler, network, keyUse, seed: rng.below(2 ** 31) });
    const open: Open = { tab, client: undefined, calls: new Set() };
    this.#open.push(open);
    tab.onStorageClosed = () => this.#openAnew(open);
    Client.create({
      relay: RELAY_ADDRESS,
      handle: this.#handle,
      storage: this.disk.openFor(tab),
      groupsInMemory: this.#groupsInMemory,
      platform: tab.platform,
    }).then(
      (client) => {
        open.client = client;
      },
      () => this.#openAnew(open),
    );
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

  /** Stops killing tabs after commits. A kill that is already planned still happens. */
  spareTabs(): void {
    for (const { tab } of this.#open) tab.onCommit = () => undefined;
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
