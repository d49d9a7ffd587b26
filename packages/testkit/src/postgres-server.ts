import { execFileSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, globSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { endChild, startChild } from './child.ts';
import { freePort } from './free-port.ts';

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

/** What there is to say where PostgreSQL is not installed; undefined where it is. */
export const postgresMissing =
  binaries() === undefined
    ? 'The relay on PostgreSQL was left out: install the Debian package "postgresql".'
    : undefined;

export async function startPostgres(): Promise<PostgresServer> {
  const bin = binaries();
  if (bin === undefined) throw new Error(postgresMissing);
  const identity = notRoot();
  const folder = await mkdtemp(join(tmpdir(), 'qpc-postgres-'));
  const passwordFile = join(folder, 'password');
  const password = 'only-for-tests';
  writeFileSync(passwordFile, password);
  if (identity) for (const path of [folder, passwordFile]) chownSync(path, identity.uid, identity.gid);
  const data = join(folder, 'data');
  const initdb = ['-D', data, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  execFileSync(join(bin, 'initdb'), [...initdb, '--encoding=UTF8', '--locale=C', '--no-sync'], {
    cwd: folder,
    stdio: 'pipe',
    ...identity,
  });
  const port = await freePort();
  let child: ChildProcess | undefined;
  const start = async () => {
    const args = ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', folder];
    child = await startChild(join(bin, 'postgres'), [...args, '-c', 'max_connections=300'], {
      folder,
      identity,
      ready: /database system is ready to accept connections/,
    });
  };
  await start();
  return {
    url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`,
    start,
    crash: () => endChild(child, 'SIGQUIT'),
    remove: async () => {
      await endChild(child, 'SIGQUIT');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The folder of the newest server's programs. Debian does not put them on PATH. */
function binaries(): string | undefined {
  const folders = [
    ...globSync('/usr/lib/postgresql/*/bin').sort((a, b) => versionOf(b) - versionOf(a)),
    ...(process.env['PATH'] ?? '').split(':'),
  ];
  return folders.find((folder) => ['initdb', 'postgres'].every((name) => existsSync(join(folder, name))));
}

function versionOf(folder: string): number {
  return Number(/\/(\d+)\/bin$/.exec(folder)?.[1] ?? 0);
}

/** PostgreSQL refuses to run as root, so root lends it the user that Debian made for it. */
function notRoot(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const id = (flag: '-u' | '-g') => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
  return { uid: id('-u'), gid: id('-g') };
}
