import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endChild, startChild } from './child.ts';
import { freePort } from './free-port.ts';

/** A real nats-server of its own. */
export interface NatsServer {
  readonly url: string;
  /** Starts it again after {@link kill}, on the same port. */
  start(): Promise<void>;
  kill(): Promise<void>;
  /** Stops it answering, without closing a connection; {@link thaw} lets it go on. */
  freeze(): void;
  thaw(): void;
  /** Stops it and deletes its folder. */
  remove(): Promise<void>;
}

/** The sentence for a machine without nats-server; undefined if it is there. */
export const natsMissing =
  binary() === undefined
    ? 'The relay on PostgreSQL and NATS needs nats-server: install the Debian package "nats-server".'
    : undefined;

export async function startNats(): Promise<NatsServer> {
  const command = binary();
  if (command === undefined) throw new Error(natsMissing);
  const folder = await mkdtemp(join(tmpdir(), 'qpc-nats-'));
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async () => {
    child = await startChild(command, ['-a', '127.0.0.1', '-p', String(port)], {
      folder,
      ready: /Server is ready/,
    });
  };
  await start();
  return {
    url: `nats://127.0.0.1:${port}`,
    start,
    kill: () => endChild(child, 'SIGKILL'),
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    remove: async () => {
      await endChild(child, 'SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function binary(): string | undefined {
  const folders = ['/usr/sbin', '/usr/local/bin', ...(process.env['PATH'] ?? '').split(':')];
  return folders.map((folder) => join(folder, 'nats-server')).find((path) => existsSync(path));
}
