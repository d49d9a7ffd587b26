import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../relay/src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 20_000;

/** A relay in a process of its own, as operators run it, with the files of the whole demo beside it. */
export interface DemoRelay {
  url: string;
  processId: number;
  /** Holds all that the relay writes: its database and its log. */
  relayFolder: string;
  /** Where the clients' folders go. */
  folder: string;
  stop(): Promise<void>;
}

let folder: string | undefined;
let child: ChildProcess | undefined;

/** @throws {Error} one sentence, where the relay does not come up */
export async function startRelay(): Promise<DemoRelay> {
  folder = await mkdtemp(join(tmpdir(), 'quicprochat-demo-'));
  const relayFolder = join(folder, 'relay');
  await mkdir(relayFolder);
  const [port, adminPort] = [await freePort(), await freePort()];
  const log = openSync(join(relayFolder, 'relay.log'), 'a');
  const started = spawn(process.execPath, ['--conditions=@quicprochat/source', MAIN], {
    env: {
      PATH: process.env['PATH'] ?? '',
      QPC_PORT: String(port),
      QPC_ADMIN_PORT: String(adminPort),
      QPC_DATABASE: `sqlite:${join(relayFolder, 'relay.db')}`,
      // As talkative as it gets: the log is searched for plaintext afterwards.
      QPC_LOG_LEVEL: 'debug',
    },
    stdio: ['ignore', log, log],
  });
  child = started;
  await ready(started, `http://127.0.0.1:${adminPort}/readyz`);
  return { url: `http://127.0.0.1:${port}`, processId: started.pid ?? 0, relayFolder, folder, stop: end };
}

/** Ends the relay where it still runs, and removes every file of the demo. */
export async function cleanUp(): Promise<void> {
  await end();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
}

async function end(): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}

async function ready(started: ChildProcess, url: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (!(await answers(url))) {
    if (started.exitCode !== null) throw new Error(`the relay ended with exit code ${started.exitCode}.`);
    if (performance.now() > deadline) throw new Error('the relay did not start in time.');
    await sleep(50);
  }
}

async function answers(url: string): Promise<boolean> {
  const response = await fetch(url).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok === true;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
