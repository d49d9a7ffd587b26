import { chmodSync, closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import {
  Kysely,
  SqliteDialect,
  SqliteDriver,
  SqliteQueryCompiler,
  type DatabaseConnection,
  type SelectModifierNode,
} from 'kysely';
import type { Observe } from '../observed.ts';
import { migrate } from './migrations.ts';
import { timing } from './observe.ts';
import type { Db, Schema } from './schema.ts';
import { StoreStartError } from './start-error.ts';

/** Before this version a rare race of two connections could lose a commit (sqlite.org, "WAL-reset bug"). */
const OLDEST_SQLITE = [3, 51, 3] as const;

/**
 * Opens the database and brings its tables up to date. Every commit is on the disk before it is acknowledged. `observe`
 * takes how long each statement took.
 */
export async function openSqlite(path: string, { observe }: { observe?: Observe } = {}): Promise<Db> {
  if (path !== ':memory:') keepPrivate(path);
  const database = new Database(path, { timeout: 5_000 });
  requireVersion(database);
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  database.pragma('foreign_keys = ON');
  // What was acknowledged is overwritten, and does not lie about in free pages.
  database.pragma('secure_delete = ON');
  const db = new Kysely<Schema>({
    dialect: new OneWriterDialect(database),
    ...(observe && { log: timing(observe) }),
  });
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

/** SQLite has no row locks and needs none, as all writes wait for each other: queries that ask for one do without. */
class OneWriterDialect extends SqliteDialect {
  readonly #database: Database.Database;

  constructor(database: Database.Database) {
    super({ database });
    this.#database = database;
  }

  /**
   * Where a disk is full or fails, SQLite may undo the transaction by itself (sqlite.org/lang_transaction.html). To undo it
   * once more is an error, which would stand in the place of the one that says what happened.
   */
  override createDriver() {
    const database = this.#database;
    return new (class extends SqliteDriver {
      override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
        if (database.inTransaction) await super.rollbackTransaction(connection);
      }
    })({ database });
  }

  override createQueryCompiler() {
    return new (class extends SqliteQueryCompiler {
      protected override visitSelectModifier(node: SelectModifierNode): void {
        if (node.modifier !== 'ForUpdate') super.visitSelectModifier(node);
      }
    })();
  }
}

function requireVersion(database: Database.Database): void {
  const version = database.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  if (!isAtLeast(version.split('.').map(Number)))
    throw new StoreStartError('STORE_TOO_OLD', `SQLite ${version} is older than ${OLDEST_SQLITE.join('.')}.`);
}

/** Whether a version of SQLite does not lose commits. */
export function isAtLeast(version: readonly number[]): boolean {
  for (const [i, least] of OLDEST_SQLITE.entries()) {
    const part = version[i] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
