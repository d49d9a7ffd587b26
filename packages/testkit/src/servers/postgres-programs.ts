import { execFile, execFileSync, type ChildProcess } from 'node:child_process';
import { chownSync, existsSync, globSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startChild } from './child.ts';

const PASSWORD = 'only-for-tests';

/** The sentence for a machine without PostgreSQL; undefined if it is there. */
export const postgresMissing =
  binaries() === undefined
    ? 'The relay on PostgreSQL needs its programs: install the Debian package "postgresql".'
    : undefined;

/** A folder that the server's user can see. */
export async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-postgres-'));
  const identity = notRoot();
  if (identity) chownSync(folder, identity.uid, identity.gid);
  return folder;
}

/** Makes an empty cluster, whose superuser has a password. */
export function initialise(folder: string, data: string): void {
  const identity = notRoot();
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, PASSWORD);
  if (identity) chownSync(passwordFile, identity.uid, identity.gid);
  const initdb = ['-D', data, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  execFileSync(programAt('initdb'), [...initdb, '--encoding=UTF8', '--locale=C', '--no-sync'], {
    cwd: folder,
    stdio: 'pipe',
    ...identity,
  });
}

/** Starts a server on a cluster, and waits until it takes connections: a standby takes those that read. */
export function serve(cluster: { folder: string; data: string; port: number }): Promise<ChildProcess> {
  const { folder, data, port } = cluster;
  const args = ['-D', data, '-h', '127.0.0.1', '-p', String(port), '-k', folder];
  return startChild(programAt('postgres'), [...args, '-c', 'max_connections=300'], {
    folder,
    identity: notRoot(),
    ready: /database system is ready to accept (read-only )?connections/,
  });
}

/** Runs one of PostgreSQL's programs to its end, and gives what it printed. */
export async function run(folder: string, program: string, args: readonly string[]): Promise<string> {
  // The first is for Next.js, by whose types no environment is without it.
  const env = { NODE_ENV: 'test' as const, PATH: process.env['PATH'] ?? '', PGPASSWORD: PASSWORD };
  const options = { cwd: folder, env, ...notRoot() };
  return (await promisify(execFile)(programAt(program), args, options)).stdout.trim();
}

/** The address of the first, empty database of a server on this machine. */
export function urlOf(port: number): string {
  return `postgres://postgres:${PASSWORD}@127.0.0.1:${port}/postgres`;
}

function programAt(program: string): string {
  const folder = binaries();
  if (folder === undefined) throw new Error(postgresMissing);
  return join(folder, program);
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
