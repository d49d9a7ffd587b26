import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Rng, type RelayProcess } from '@quicprochat/testkit';
import { memoryStorage } from '../../../src/storage/memory.ts';
import { sqliteStorage } from '../../../src/storage/sqlite.ts';
import { Book, isAcknowledged, LASTING } from './book.ts';
import type { Order } from './driver.ts';
import { LocalTab } from './local-tab.ts';
import { drawPlan, type PlanOptions, type Step, type Who } from './plan.ts';
import type { Device, Hear, Tab } from './tab.ts';
import { judge, unsettled, type Shown, type Verdict } from './verdict.ts';

const HANDLES: Readonly<Record<Who, string>> = {
  device: 'alice',
  friend: 'bob',
  'other friend': 'carol',
  guest: 'dave',
};
const REGULARS = [HANDLES.device, HANDLES.friend, HANDLES['other friend']];

/** Bounds that let a run end. They are no measure of how fast anything is. */
const OPENING_MS = 120_000;
const SETTLING_MS = 180_000;
const CALLS_MS = 3_000;
const MOST_CALLS = 25;

/** After how many steps it is said how far a run has come. */
const PROGRESS_EVERY = 200;

export interface RunOptions extends PlanOptions {
  seed: number;
  /** How many tabs the device has. */
  tabs: number;
  relay: RelayProcess;
  /** Makes the device whose tabs die. */
  device: (options: { handle: string; hear: Hear }) => Promise<Device>;
}

export interface Outcome extends Verdict {
  /** What came of it, in a few lines. */
  figures: string;
  /** What did not settle, and what went wrong by itself. */
  stuck: string[];
}

/**
 * Carries out a plan on a device whose tabs are killed and frozen, and on the clients of three others. Then everything
 * that fails ends, and what all of them show is compared with what was acknowledged.
 */
export async function run({ seed, tabs, relay, device: makeDevice, ...plan }: RunOptions): Promise<Outcome> {
  const book = new Book();
  const begun = Date.now();
  const device = await makeDevice({ handle: HANDLES.device, hear: book.hear });
  const scene = new Scene({ book, relay, device, tabs });
  try {
    await scene.begin();
    for (const [n, step] of drawPlan(new Rng(seed), plan).entries()) {
      await scene.play(step);
      if (n % PROGRESS_EVERY === PROGRESS_EVERY - 1) console.log(scene.lines().join('\n'));
    }
    const stuck = await scene.settle();
    const verdict = judge(await scene.shown({ hasLines: true }), book);
    const seconds = Math.round((Date.now() - begun) / 1_000);
    return {
      ...verdict,
      stuck: [...stuck, ...device.complaints],
      figures: [...scene.lines(), ...endLines(book, verdict), `seed ${seed}, ${seconds} s`].join('\n'),
    };
  } finally {
    await scene.close();
  }
}

class Scene {
  readonly #book: Book;
  readonly #relay: RelayProcess;
  readonly #device: Device;
  readonly #most: number;
  readonly #others = new Map<string, LocalTab>();
  readonly #faults = new Map<string, number>();
  #slowestOpeningMs = 0;
  #settledMs = 0;

  constructor({
    book,
    relay,
    device,
    tabs,
  }: {
    book: Book;
    relay: RelayProcess;
    device: Device;
    tabs: number;
  }) {
    this.#book = book;
    this.#relay = relay;
    this.#device = device;
    this.#most = tabs;
  }

  /** Registers everybody and makes the conversations that last. */
  async begin(): Promise<void> {
    const { url } = this.#relay;
    const folder = await mkdtemp(join(tmpdir(), 'qpc-friends-'));
    for (const who of ['friend', 'other friend', 'guest'] as const) {
      const storage = who === 'friend' ? sqliteStorage(join(folder, 'friend.db')) : memoryStorage();
      const options = { relay: url, storage, hear: this.#book.hear };
      this.#others.set(HANDLES[who], await LocalTab.open(HANDLES[who], options));
    }
    this.#device.openTab();
    await this.#tabsAreOpen();
    const [first] = this.#device.tabs;
    for (const conversation of LASTING) {
      const order: Order = { kind: 'create', conversation, members: REGULARS.slice(1) };
      this.#book.note(order, HANDLES.device);
      first?.obey(order);
    }
    await this.#until(SETTLING_MS, async () => {
      const shown = await this.shown({ hasLines: false });
      return shown.every(
        ({ isGuest, snapshot }) => isGuest || LASTING.every((name) => name in snapshot.conversations),
      );
    });
    while (this.#device.tabs.length < this.#most) this.#device.openTab();
    await this.#tabsAreOpen();
  }

  async play(step: Step): Promise<void> {
    await sleep(step.pauseMs);
    if (step.event === 'order') return this.#order(step);
    this.#faults.set(step.event, (this.#faults.get(step.event) ?? 0) + 1);
    const device = this.#device;
    const running = device.tabs.filter(({ state }) => state === 'running');
    const one = 'tab' in step ? running[step.tab % running.length] : undefined;
    if (step.event === 'kill tab') await one?.kill(step.how);
    else if (step.event === 'freeze tab') one?.freeze();
    else if (step.event === 'thaw tabs') for (const tab of device.tabs) tab.thaw();
    else if (step.event === 'go offline') device.setOffline(true);
    else if (step.event === 'go online') device.setOffline(false);
    else if (step.event === 'open tab') this.#fill();
    else if (step.event === 'kill all') await this.#killAll(step);
    else {
      await this.#relay.kill();
      await this.#relay.start();
    }
  }

  /** Ends all faults and waits until nothing waits any more. Returns what still does when the time is up. */
  async settle(): Promise<string[]> {
    const begun = Date.now();
    for (const tab of this.#device.tabs) tab.thaw();
    this.#device.setOffline(false);
    this.#fill();
    await this.#tabsAreOpen();
    let left: string[] = [];
    await this.#until(SETTLING_MS, async () => {
      left = unsettled(await this.shown({ hasLines: false }), this.#book);
      return left.length === 0;
    });
    this.#settledMs = Date.now() - begun;
    return left;
  }

  async shown({ hasLines }: { hasLines: boolean }): Promise<Shown[]> {
    const people: [string, readonly Tab[]][] = [
      [HANDLES.device, this.#device.tabs],
      ...[...this.#others].map(([handle, tab]): [string, Tab[]] => [handle, [tab]]),
    ];
    return Promise.all(
      people.flatMap(([handle, tabs]) =>
        tabs.map(async (tab) => {
          const snapshot = await tab.snapshot({ hasLines });
          return { who: tab.name, handle, isGuest: handle === HANDLES.guest, snapshot };
        }),
      ),
    );
  }

  lines(): string[] {
    return [
      `${sumOf(this.#book.orders)} operations: ${listOf(this.#book.orders)}`,
      `faults: ${listOf(this.#faults)}`,
      `slowest opening ${this.#slowestOpeningMs} ms, settled in ${this.#settledMs} ms`,
    ];
  }

  async close(): Promise<void> {
    await Promise.all([...this.#others.values()].map((tab) => tab.close()));
    await this.#device.close();
  }

  async #order(step: Step & { event: 'order' }): Promise<void> {
    const handle = HANDLES[step.who];
    const tab = this.#others.get(handle) ?? (await this.#runningTab(step.tab));
    const order = this.#orderFor(step, { handle, tab: tab.name });
    this.#book.note(order, handle);
    tab.obey(order);
    await this.#until(CALLS_MS, () => this.#book.openIn(this.#listening()) <= MOST_CALLS);
  }

  /**
   * What a step comes to. The guest only sends, reads and heals, in the conversations that last. What else the guest is to
   * do, and leaving when there is nothing to leave, becomes a message.
   */
  #orderFor(
    { kind, who, conversation: number, size }: Step & { event: 'order' },
    { handle, tab }: { handle: string; tab: string },
  ): Order {
    const all = this.#book.conversations;
    const made = all.slice(LASTING.length);
    const isOfGuest = who === 'guest';
    // Two in three are of the conversations that last.
    const ofAll = number % 3 === 0 && !isOfGuest ? all : LASTING;
    const conversation = ofAll[number % ofAll.length] ?? '';
    const say = (isRevocable: boolean) => this.#book.say(tab, { by: handle, conversation, isRevocable });
    const left = kind === 'leave' ? made[number % made.length] : undefined;
    if (kind === 'cancel') return { kind, conversation, texts: [say(true)], afterMs: number % 60 };
    if (kind === 'heal' || kind === 'read') return { kind, conversation };
    if (kind === 'leave' && left !== undefined && !isOfGuest) return { kind, conversation: left };
    if (kind === 'send' || kind === 'leave' || isOfGuest)
      return { kind: 'send', conversation, texts: Array.from({ length: size }, () => say(false)) };
    if (kind === 'create')
      return {
        kind,
        conversation: `made ${made.length + 1}`,
        members: REGULARS.filter((other) => other !== handle),
      };
    return { kind, conversation: LASTING[number % LASTING.length] ?? '', handle: HANDLES.guest };
  }

  /** A tab that can do something. If there is none, one is thawed or waited for. */
  async #runningTab(number: number): Promise<Tab> {
    const running = () => this.#device.tabs.filter(({ state }) => state === 'running');
    if (running().length === 0) for (const tab of this.#device.tabs) tab.thaw();
    if (running().length === 0) this.#fill();
    await this.#until(OPENING_MS, () => running().length > 0);
    const tab = running()[number % running().length];
    if (tab === undefined)
      throw new Error(`The account does not open: ${this.#device.complaints.join('; ') || 'no answer'}`);
    return tab;
  }

  /** The tabs that are not frozen, and everybody else. */
  #listening(): string[] {
    const running = this.#device.tabs.filter(({ state }) => state === 'running');
    return [...running, ...this.#others.values()].map(({ name }) => name);
  }

  /** @param options.isFollowed whether the next kill does not wait until the tabs are open */
  async #killAll({ isFollowed }: { isFollowed: boolean }): Promise<void> {
    await this.#device.killAll();
    this.#fill();
    if (!isFollowed) await this.#tabsAreOpen();
  }

  /** Opens tabs until there are as many as there should be. */
  #fill(): void {
    while (this.#device.tabs.length < this.#most) this.#device.openTab();
  }

  async #tabsAreOpen(): Promise<void> {
    const begun = Date.now();
    const { tabs, complaints } = this.#device;
    const isOpen = () => tabs.every(({ state }) => state !== 'opening');
    await this.#until(OPENING_MS, () => isOpen() || complaints.length > 0);
    if (!isOpen()) throw new Error(`The account does not open: ${complaints.join('; ') || 'no answer'}`);
    this.#slowestOpeningMs = Math.max(this.#slowestOpeningMs, Date.now() - begun);
  }

  async #until(mostMs: number, condition: () => boolean | Promise<boolean>): Promise<boolean> {
    const end = Date.now() + mostMs;
    while (!(await condition())) {
      if (Date.now() > end) return false;
      await sleep(50);
    }
    return true;
  }
}

function endLines({ said, endings }: Book, { lost, doubled, others }: Verdict): string[] {
  const all = [...said.values()];
  const count = (outcome: string) => all.filter((one) => one.outcome === outcome).length;
  return [
    `endings: ${listOf(endings)}`,
    `${all.length} messages: ${count('sent')} sent, ${count('cancelled')} cancelled, ${count('refused')} refused, ${count('unknown')} unknown`,
    `${all.filter(isAcknowledged).length} acknowledged, ${lost.length} lost, ${doubled.length} doubled, ${others.length} otherwise amiss`,
  ];
}

function sumOf(counts: ReadonlyMap<string, number>): number {
  return [...counts.values()].reduce((sum, count) => sum + count, 0);
}

function listOf(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${count} ${name}`).join(', ');
}
