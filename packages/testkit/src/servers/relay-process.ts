import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { endChild } from './child.ts';
import { eventually } from '../eventually.ts';
import { freePort } from './free-port.ts';

const MAIN = fileURLToPath(new URL('../../../../apps/relay/src/main.ts', import.meta.url));

export interface RelayOptions {
  /** More environment for the process. */
  env?: Record<string, string>;
}

/** The relay as operators run it: a process of its own, with its database in a folder of its own. */
export interface RelayProcess {
  /** Its address. It stays the same over restarts. */
  readonly url: string;
  readonly adminUrl: string;
  /** Holds the database and the log. */
  readonly folder: string;
  /** The process that runs, or ran last. */
  readonly pid: number;
  /** Starts it again after {@link kill} or {@link stop}. */
  start(): Promise<void>;
  /** As a crash would: SIGKILL. */
  kill(): Promise<void>;
  /** As an operator would: SIGTERM, and waiting for the drain. */
  stop(): Promise<void>;
}

/** Starts a relay on free ports of this machine and waits until it is ready. */
export async function startRelay({ env = {} }: RelayOptions = {}): Promise<RelayProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-relay-'));
  const [port, adminPort] = [await freePort(), await freePort()];
  const adminUrl = `http://127.0.0.1:${adminPort}`;
  const log = createWriteStream(join(folder, 'relay.log'), { flags: 'a' });
  let child: ChildProcess | undefined;

  const start = async () => {
    child = spawn(process.execPath, ['--conditions=@quicprochat/source', MAIN], {
      env: {
        PATH: process.env['PATH'] ?? '',
        NODE_ENV: 'production',
        QPC_PORT: String(port),
        QPC_ADMIN_PORT: String(adminPort),
        QPC_DATABASE: `sqlite:${join(folder, 'relay.db')}`,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout?.pipe(log, { end: false });
    child.stderr?.pipe(log, { end: false });
    const started = child;
    await eventually('the relay is ready', async () => {
      if (started.exitCode !== null || started.signalCode !== null)
        throw new Error(
          `the relay ended with ${started.signalCode ?? `exit code ${started.exitCode}`}:\n${await lastWords(folder)}`,
        );
      return isReady(adminUrl);
    });
  };

  await start();
  return {
    url: `http://127.0.0.1:${port}`,
    adminUrl,
    folder,
    get pid() {
      return child?.pid ?? 0;
    },
    start,
    kill: () => endChild(child, 'SIGKILL'),
    stop: () => endChild(child, 'SIGTERM'),
  };
}

async function lastWords(folder: string): Promise<string> {
  const log = await readFile(join(folder, 'relay.log'), 'utf8');
  return log.trimEnd().split('\n').slice(-5).join('\n');
}

async function isReady(adminUrl: string): Promise<boolean> {
  const response = await fetch(`${adminUrl}/readyz`).catch(() => undefined);
  await response?.body?.cancel();
  return response?.ok === true;
}
