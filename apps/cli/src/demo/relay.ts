import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../../relay/src/main.ts', import.meta.url));
const START_TIMEOUT_MS = 20_000;

export interface DemoRelay {
  url: string;
  /** Its database and its log. */
  folder: string;
  stop(): Promise<void>;
}

/** The relay as operators run it: another process, on free ports, with its data in the demo's own folder. */
export async function startRelay(folder: string): Promise<DemoRelay> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const env = {
    PATH: process.env['PATH'] ?? '',
    QPC_PORT: String(port),
    QPC_ADMIN_PORT: String(adminPort),
    QPC_DATABASE: `sqlite:${join(folder, 'relay', 'relay.db')}`,
    QPC_LOG_LEVEL: 'debug',
  };
  const child = spawn(process.execPath, ['--conditions=@quicprochat/source', MAIN], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(join(folder, 'relay.log'));
  child.stdout.pipe(log, { end: false });
  child.stderr.pipe(log, { end: false });
  await ready(`http://127.0.0.1:${adminPort}/readyz`);
  return {
    url: `http://127.0.0.1:${port}`,
    folder,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill('SIGTERM');
      await exited;
    },
  };
}

async function ready(url: string): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (
    !(await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (performance.now() > deadline) throw new Error('the relay did not start');
    await sleep(50);
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
