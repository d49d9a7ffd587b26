import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CHROMIUM, CHROMIUM_FLAGS, limitFiles } from '@quicprochat/testkit';
import { chromium, type Browser, type BrowserContext, type CDPSession, type Page } from 'playwright-core';
import type * as Sdk from '../../../src/index.ts';
import type { Place } from '../chromium-site.ts';
import type * as DriverModule from './driver.ts';
import type { Order, Snapshot } from './driver.ts';
import type { Device, Hear, MortalTab } from './tab.ts';

/** What a page can call. */
declare const sdk: typeof Sdk;
declare const driver: typeof DriverModule;
declare global {
  var tell: Hear;
  var client: DriverModule.Driver;
}

interface Options {
  handle: string;
  place: Place;
  hear: Hear;
}

/** A profile on disk and the Chromium that runs on it, as a group of processes of its own. */
export class BrowserDevice implements Device {
  readonly complaints: string[] = [];
  readonly #options: Options;
  readonly #profile: string;
  #running: { child: ChildProcess; browser: Browser; context: BrowserContext } | undefined;
  #tabs: BrowserTab[] = [];
  #opened = 0;
  #isOffline = false;
  /** Pages are opened one after the other, so that it can be told which process a page has. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(options: Options, profile: string) {
    this.#options = options;
    this.#profile = profile;
  }

  static async start(options: Options): Promise<BrowserDevice> {
    const device = new BrowserDevice(options, await mkdtemp(join(tmpdir(), 'qpc-profile-')));
    await device.#start();
    return device;
  }

  get tabs(): readonly BrowserTab[] {
    return this.#tabs.filter(({ state }) => state !== 'gone');
  }

  openTab(): void {
    const { context, child } = this.#running ?? {};
    if (context === undefined || child?.pid === undefined) throw new Error('There is no browser.');
    const { handle, place } = this.#options;
    const tab = new BrowserTab(`${handle}/${++this.#opened}`);
    this.#tabs = [...this.tabs, tab];
    const group = child.pid;
    const page = this.#turn.then(() => tab.open(context, { place, group }));
    this.#turn = page.catch(() => undefined);
    page
      .then(() => tab.start({ ...place, handle }))
      .then(
        () => tab.setOffline(this.#isOffline),
        (error: unknown) => {
          if (tab.state !== 'gone') this.complaints.push(`${tab.name} could not be opened: ${String(error)}`);
        },
      );
  }

  setOffline(isOffline: boolean): void {
    this.#isOffline = isOffline;
    for (const tab of this.tabs) tab.setOffline(isOffline);
  }

  /** Has all files of the browser have a largest size, which undefined ends. */
  limitFiles(mostBytes: number | undefined): void {
    const group = this.#running?.child.pid;
    if (group === undefined) throw new Error('There is no browser.');
    for (const pid of workersOf(group).keys()) limitFiles(pid, mostBytes);
  }

  async killAll(): Promise<void> {
    await this.#end();
    await this.#start();
  }

  close(): Promise<void> {
    return this.#end();
  }

  async #start(): Promise<void> {
    // A process that writes beyond its limit gets an error, and is not killed.
    const child = spawn(
      'sh',
      [
        ...['-c', `trap '' XFSZ; exec "$0" "$@"`, CHROMIUM],
        ...['--headless', ...CHROMIUM_FLAGS, '--no-first-run', '--remote-debugging-port=0'],
        // The relay's certificate is of a CA that nobody knows.
        ...['--ignore-certificate-errors', `--user-data-dir=${this.#profile}`, 'about:blank'],
      ],
      { detached: true, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    const browser = await chromium.connectOverCDP(await addressOf(child));
    const [context] = browser.contexts();
    if (context === undefined) throw new Error('The browser has no profile.');
    // For all pages at once: Playwright does not take it that a browser ends while a page is being given it.
    await context.exposeBinding('tell', (_page, report: Parameters<Hear>[0]) => this.#options.hear(report));
    this.#running = { child, browser, context };
  }

  async #end(): Promise<void> {
    if (this.#running === undefined) return;
    const { child, browser } = this.#running;
    this.#running = undefined;
    for (const tab of this.#tabs) tab.isGone();
    const disconnected = new Promise<void>((resolve) => {
      if (browser.isConnected()) browser.once('disconnected', () => resolve());
      else resolve();
    });
    await killGroup(child);
    await disconnected;
    this.#turn = Promise.resolve();
    this.#isOffline = false;
  }
}

class BrowserTab implements MortalTab {
  readonly name: string;
  state: MortalTab['state'] = 'opening';
  #page: Page | undefined;
  #devtools: CDPSession | undefined;
  #pid: number | undefined;

  constructor(name: string) {
    this.name = name;
  }

  async open(context: BrowserContext, { place, group }: { place: Place; group: number }): Promise<void> {
    if (this.state === 'gone') return;
    const page = await context.newPage();
    this.#page = page;
    page.on('crash', () => this.isGone());
    page.on('close', () => this.isGone());
    await page.goto(place.site);
    this.#devtools = await context.newCDPSession(page);
    this.#pid = await processOf(page, group);
  }

  async start(options: Place & { handle: string }): Promise<void> {
    await this.#page?.evaluate(async ({ relay, site, handle }) => {
      const client = await sdk.Client.create({
        relay,
        handle,
        worker: `${site}/worker.js`,
        wasm: `${site}/core.wasm`,
        storage: sdk.indexedDbStorage('device'),
      });
      globalThis.client = new driver.Driver(client, globalThis.tell);
    }, options);
    if (this.state === 'opening') this.state = 'running';
  }

  obey(order: Order): void {
    this.#page?.evaluate((order) => globalThis.client.obey(order), order).catch(() => undefined);
  }

  async snapshot(options: { hasLines: boolean }): Promise<Snapshot> {
    if (this.#page === undefined) throw new Error(`${this.name} has no page.`);
    return this.#page.evaluate((options) => globalThis.client.snapshot(options), options);
  }

  async kill(how: 'close' | 'crash'): Promise<void> {
    const wasFrozen = this.state === 'frozen';
    this.isGone();
    if (how === 'crash' || wasFrozen) this.#signal('SIGKILL');
    await this.#page?.close().catch(() => undefined);
  }

  /** Stops the process of the page, in the middle of whatever it does, with its worker. */
  freeze(): void {
    if (this.state !== 'running') return;
    this.state = 'frozen';
    this.#signal('SIGSTOP');
  }

  thaw(): void {
    if (this.state !== 'frozen') return;
    this.state = 'running';
    this.#signal('SIGCONT');
  }

  /** A frozen tab hears of it when it thaws, and one that opens when it has loaded what it needs from the site. */
  setOffline(offline: boolean): void {
    if (this.state === 'opening') return;
    const conditions = { offline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
    this.#devtools?.send('Network.emulateNetworkConditions', conditions).catch(() => undefined);
  }

  isGone(): void {
    this.state = 'gone';
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#pid !== undefined) process.kill(this.#pid, signal);
  }
}

/** The process of a page: the one in the browser's group that has another worker as soon as the page has. */
async function processOf(page: Page, group: number): Promise<number> {
  const before = workersOf(group);
  await page.evaluate(async () => {
    const url = URL.createObjectURL(new Blob(['postMessage(0)'], { type: 'text/javascript' }));
    const worker = new Worker(url);
    await new Promise((resolve) => (worker.onmessage = resolve));
    globalThis.onpagehide = () => worker.terminate();
  });
  const [pid, ...others] = [...workersOf(group)].flatMap(([pid, count]) =>
    count > (before.get(pid) ?? 0) ? [pid] : [],
  );
  if (pid === undefined || others.length > 0) throw new Error('The process of the page was not found.');
  return pid;
}

/** How many threads for workers each process of a group has. */
function workersOf(group: number): Map<number, number> {
  const found = new Map<number, number>();
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
    try {
      // After the name, which is in brackets: state, parent, group.
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      if (Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[2]) !== group) continue;
      const threads = readdirSync(`/proc/${pid}/task`).filter((id) =>
        readFileSync(`/proc/${pid}/task/${id}/comm`, 'utf8').startsWith('DedicatedWorker'),
      );
      found.set(Number(pid), threads.length);
    } catch {
      // It has ended meanwhile.
    }
  return found;
}

/** Where a browser listens for commands: it says so when it starts. */
async function addressOf({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error('The browser has no output.');
  let said = '';
  for await (const chunk of stderr.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    said += chunk.toString();
    const address = /DevTools listening on (\S+)/.exec(said)?.[1];
    if (address === undefined) continue;
    // What it says later is not read, but must not fill the pipe.
    stderr.resume();
    return address;
  }
  throw new Error(`The browser has ended: ${said}`);
}

async function killGroup(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  process.kill(-child.pid, 'SIGKILL');
  await exited;
}
