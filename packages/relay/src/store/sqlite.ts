import { chmodSync, closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { Kysely } from 'kysely';
import type { Observe } from '../observed.ts';
import { nodePlatform, type RelayPlatform } from '../platform.ts';
import { migrate } from './migrations.ts';
import type { Db, Schema } from './schema.ts';
import { GroupCommitDialect } from './sqlite-dialect.ts';
import { StoreStartError } from './start-error.ts';

/** Before this version a rare race of two connections could lose a commit (sqlite.org, "WAL-reset bug"). */
const OLDEST_SQLITE = [3, 51, 3] as const;

export interface SqliteOptions {
  /** Takes how long each statement took. */
  observe?: Observe;
  /** Says which writes come together, and so share a commit. Default: Node's event loop. */
  platform?: RelayPlatform;
}

/** Opens the database and brings its tables up to date. Every commit is on the disk before it is acknowledged. */
export async function openSqlite(
  path: string,
  { observe, platform = nodePlatform }: SqliteOptions = {},
): Promise<Db> {
  if (path !== ':memory:') keepPrivate(path);
  const writer = new Database(path, { timeout: 5_000 });
  requireVersion(writer);
  writer.pragma('journal_mode = WAL');
  writer.pragma('synchronous = FULL');
  writer.pragma('foreign_keys = ON');
  // What was acknowledged is overwritten, and does not lie about in free pages.
  writer.pragma('secure_delete = ON');
  const reader = path === ':memory:' ? undefined : new Database(path, { readonly: true, timeout: 5_000 });
  const db = new Kysely<Schema>({ dialect: new GroupCommitDialect({ writer, reader, observe, platform }) });
  await migrate(db, 'sqlite');
  return db;
}

/**
 * Ciphertext, but also who was welcomed into what: for the relay's own user alone. Made before SQLite would make it, which
 * asks the umask; the files beside it (-wal, -shm) get its mode.
 */
function keepPrivate(path: string): void {
  closeSync(openSync(path, 'a', 0o600));
  chmodSync(path, 0o600);
}

function requireVersion(database: Database.Database): void {
  const version = database.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  if (!isAtLeast(version.split('.').map(Number)))
    throw new StoreStartError(
      'STORE_TOO_OLD',
      `SQLite ${version} is too old. Use version ${OLDEST_SQLITE.join('.')} or newer.`,
    );
}

/** Whether a version of SQLite does not lose commits. */
export function isAtLeast(version: readonly number[]): boolean {
  for (const [i, least] of OLDEST_SQLITE.entries()) {
    const part = version[i] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
