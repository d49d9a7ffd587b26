import type { ChildProcess } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { endChild } from './child.ts';
import { freePort } from './free-port.ts';
import { initialise, newFolder, serve, urlOf } from './postgres-programs.ts';

/** A real PostgreSQL of its own, in a temporary folder. */
export interface PostgresServer {
  /** The address of its first, empty database. */
  readonly url: string;
  /** Starts it again after {@link crash}, on the same port. */
  start(): Promise<void>;
  /** As a crash would: all connections are cut, nothing is written any more, and the next start recovers from the log. */
  crash(): Promise<void>;
  /** Stops it and deletes its folder. */
  remove(): Promise<void>;
}

export async function startPostgres(): Promise<PostgresServer> {
  const folder = await newFolder();
  const data = join(folder, 'data');
  initialise(folder, data);
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async () => {
    child = await serve({ folder, data, port });
  };
  await start();
  return {
    url: urlOf(port),
    start,
    crash: () => endChild(child, 'SIGQUIT'),
    remove: async () => {
      await endChild(child, 'SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}
