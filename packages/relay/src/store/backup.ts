import { chmodSync, closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { migrationsFor } from './migrations.ts';

/** Copies a store while relays use it, and puts a copy in its place. Each kind of store brings its own. */
export interface StoreBackup {
  /** @throws {BackupError} where the copy is not whole; then there is none */
  backup(to: string): Promise<void>;
  /** @throws {BackupError} where the copy is not whole, or the store is in use; then nothing has changed */
  restore(from: string): Promise<void>;
}

/** Why nothing was copied, in a sentence for the operator. */
export class BackupError extends Error {
  readonly code: 'EXISTS' | 'MISSING' | 'UNWRITABLE' | 'IN_USE' | 'DAMAGED' | 'FOREIGN' | 'NEWER';

  constructor(code: BackupError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
    this.code = code;
  }
}

/** Backups of a database file by SQLite's own online backup: a copy of one moment, whatever is written meanwhile. */
export function sqliteBackup(path: string): StoreBackup {
  return {
    backup: async (to) => {
      requireThere(path);
      requireFree(to);
      await copyWhole(path, to);
    },
    restore: async (from) => {
      requireThere(from);
      const aside = `${path}.replaced`;
      requireFree(aside);
      const fresh = `${path}.restored`;
      rmSync(fresh, { force: true });
      await copyWhole(from, fresh);
      try {
        if (existsSync(path)) setAside(path, aside);
      } catch (error) {
        rmSync(fresh, { force: true });
        throw error;
      }
      moveDurably(fresh, path);
    },
  };
}

/** Makes a copy that is checked, on the disk, and its owner's alone, or none. */
async function copyWhole(from: string, to: string): Promise<void> {
  const part = `${to}.part`;
  makePrivate(part);
  try {
    const source = new Database(from, { readonly: true, fileMustExist: true });
    try {
      // In one go: in pieces, a busy relay's writes would have it begin anew each time.
      await source.backup(part, { progress: () => 0x7fffffff });
    } finally {
      source.close();
    }
    requireRelay(part);
  } catch (error) {
    for (const end of ['', '-wal', '-shm', '-journal']) rmSync(`${part}${end}`, { force: true });
    if (error instanceof BackupError) throw error;
    throw codeOf(error) === 'SQLITE_FULL' ? unwritable(part, error) : damaged(error);
  }
  moveDurably(part, to);
}

/** An empty file that is its owner's alone from the first. */
function makePrivate(path: string): void {
  try {
    rmSync(path, { force: true });
    closeSync(openSync(path, 'wx', 0o600));
    chmodSync(path, 0o600);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** A file that SQLite finds whole, with a relay's tables of this version or an earlier one. */
function requireRelay(path: string): void {
  const database = new Database(path, { fileMustExist: true });
  try {
    if (database.pragma('integrity_check', { simple: true }) !== 'ok') throw damaged();
    // One file, without a log beside it that could be forgotten.
    database.pragma('journal_mode = DELETE');
    const tables = database.prepare<[], string>('SELECT name FROM sqlite_schema').pluck().all();
    if (!tables.includes('kysely_migration') || !tables.includes('entries'))
      throw new BackupError('FOREIGN', 'This database does not belong to a relay.');
    const versions = database.prepare<[], string>('SELECT name FROM kysely_migration').pluck().all();
    const known = migrationsFor('sqlite');
    if (versions.some((version) => !(version in known)))
      throw new BackupError('NEWER', 'A newer version of the relay wrote this database. Use that version.');
  } finally {
    database.close();
  }
}

/** Moves the store that is to be replaced out of the way, if no relay has it open. It is kept: who restores can err. */
function setAside(path: string, aside: string): void {
  const database = new Database(path, { timeout: 0 });
  try {
    // Succeeds for the only connection alone, and brings what the log beside the file holds into it.
    database.pragma('journal_mode = DELETE');
  } catch (error) {
    const code = codeOf(error);
    if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED'))
      throw new BackupError('IN_USE', 'A relay has the database open. Stop the relay, then restore.', {
        cause: error,
      });
    // A damaged database is why one restores.
  } finally {
    database.close();
  }
  for (const end of ['-wal', '-shm']) {
    if (existsSync(`${path}${end}`)) renameSync(`${path}${end}`, `${aside}${end}`);
  }
  moveDurably(path, aside);
}

function moveDurably(from: string, to: string): void {
  sync(from);
  renameSync(from, to);
  sync(dirname(to));
}

function sync(path: string): void {
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
}

function requireThere(path: string): void {
  if (!existsSync(path)) throw new BackupError('MISSING', `The file ${path} does not exist.`);
}

function requireFree(path: string): void {
  if (existsSync(path))
    throw new BackupError('EXISTS', `The file ${path} already exists. Move it away first.`);
}

function unwritable(path: string, cause: unknown): BackupError {
  return new BackupError(
    'UNWRITABLE',
    `The file ${path} cannot be written (${codeOf(cause)}). Check the permissions and the disk.`,
    { cause },
  );
}

function damaged(cause?: unknown): BackupError {
  return new BackupError('DAMAGED', 'The file is damaged or is not a database.', { cause });
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}
