import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { startTcpSwitch, type TcpSwitch } from '@quicprochat/testkit';
import type { FromProcess, ToProcess } from './device-process.ts';
import type { Order, Snapshot } from './driver.ts';
import type { Device, Hear, MortalTab } from './tab.ts';

const PROGRAM = join(import.meta.dirname, 'device-process.ts');

interface Options {
  handle: string;
  relay: string;
  hear: Hear;
}

/** A SQLite store and the processes that use it. */
export class ProcessDevice implements Device {
  readonly complaints: string[] = [];
  readonly path: string;
  readonly #options: Options;
  readonly #way: TcpSwitch;
  #tabs: ProcessTab[] = [];
  #opened = 0;

  private constructor(options: Options, { path, way }: { path: string; way: TcpSwitch }) {
    this.path = path;
    this.#options = options;
    this.#way = way;
  }

  static async start(options: Options): Promise<ProcessDevice> {
    const path = join(await mkdtemp(join(tmpdir(), 'qpc-device-')), 'device.db');
    const device = new ProcessDevice(options, { path, way: await startTcpSwitch() });
    device.setOffline(false);
    return device;
  }

  get tabs(): readonly ProcessTab[] {
    return this.#tabs.filter(({ state }) => state !== 'gone');
  }

  openTab(): void {
    const { handle, hear } = this.#options;
    const args = [this.path, `http://127.0.0.1:${this.#way.port}`, handle];
    const tab = new ProcessTab(`${handle}/${++this.#opened}`, {
      args,
      hear,
      complain: (what) => this.complaints.push(what),
    });
    this.#tabs = [...this.tabs, tab];
  }

  setOffline(isOffline: boolean): void {
    this.#way.pointTo(isOffline ? undefined : Number(new URL(this.#options.relay).port));
  }

  async killAll(): Promise<void> {
    await Promise.all(this.tabs.map((tab) => tab.kill()));
  }

  async close(): Promise<void> {
    await this.killAll();
    await this.#way.close();
  }
}

class ProcessTab implements MortalTab {
  readonly name: string;
  state: MortalTab['state'] = 'opening';
  readonly #child: ChildProcess;
  readonly #asked = new Map<number, (snapshot: Snapshot) => void>();
  #questions = 0;

  constructor(
    name: string,
    { args, hear, complain }: { args: string[]; hear: Hear; complain: (what: string) => void },
  ) {
    this.name = name;
    const env = { ...process.env, NODE_COMPILE_CACHE: join(dirname(args[0] ?? ''), 'compiled') };
    this.#child = fork(PROGRAM, args, { execArgv: ['--conditions=@quicprochat/source'], env });
    this.#child.on('message', (message: FromProcess) => {
      if ('report' in message) hear(message.report);
      else if ('answer' in message) this.#asked.get(message.answer)?.(message.snapshot);
      else if ('failed' in message) complain(`${name} could not be opened: ${message.failed}`);
      else if (this.state === 'opening') this.state = 'running';
    });
    this.#child.on('exit', (code) => {
      if (this.state !== 'gone' && code !== 1) complain(`${name} ended with exit code ${code ?? 'none'}`);
      this.state = 'gone';
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  obey(order: Order): void {
    this.#send({ order });
  }

  snapshot({ hasLines }: { hasLines: boolean }): Promise<Snapshot> {
    const ask = ++this.#questions;
    return new Promise((resolve) => {
      this.#asked.set(ask, resolve);
      this.#send({ ask, hasLines });
    });
  }

  async kill(): Promise<void> {
    if (this.state === 'gone') return;
    this.state = 'gone';
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }

  freeze(): void {
    if (this.state !== 'running') return;
    this.state = 'frozen';
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    if (this.state !== 'frozen') return;
    this.state = 'running';
    this.#child.kill('SIGCONT');
  }

  #send(message: ToProcess): void {
    if (this.#child.connected) this.#child.send(message);
  }
}
