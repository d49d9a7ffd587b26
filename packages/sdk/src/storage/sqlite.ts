import { constants, watch } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { check, STORAGE_NAME } from '../model/arguments.ts';
import { QuicprochatError, sdkError, type ErrorReasons } from '../model/errors.ts';
import { createPrivate, keepPrivate } from './file-mode.ts';
import { GenerationNote } from './generation-note.ts';
import { keyFile } from './key-file.ts';
import { KeySlotFile } from './key-slot-file.ts';
import { RingFile } from './ring-file.ts';
import { apart, isOfRing, reachOf, together } from './ring-rows.ts';
import { endOfPrefix, StorageConflict, type ScanRange, type Storage, type StoredRow } from './storage.ts';

/** How long a commit waits for another process that is in the middle of one. */
const BUSY_TIMEOUT_MS = 5_000;

/**
 * Returns a store in one SQLite file, for Node. It uses a write-ahead log with synchronous=FULL: a commit that resolved
 * survives a power cut. Beside it are three files that belong to it: `<path>.key`, the key that seals everything in it, or
 * the slots that wrap it; `<path>.ring`, the keys that are erased with each epoch; and `<path>.generation`, the number of the
 * last commit, by which the SDK notices an older copy of the database. Several processes may have them open. Keys and values
 * are BLOBs, so SQLite compares keys byte by byte.
 *
 * All files are readable by their owner only, whatever the umask is. If they belong to this user and others had rights to
 * them, opening takes those rights away. It leaves a file that belongs to another user as it is.
 *
 * @throws {UsageError} UNSUPPORTED_RUNTIME on a version of Node that the driver would crash; INVALID_ARGUMENT, also if the
 *   file's folder does not exist
 * @throws {StorageError} STORE_UNAVAILABLE
 */
export async function sqliteStorage(path: string): Promise<Storage> {
  requireRuntime();
  check(STORAGE_NAME, path);
  const guarded = guardedAt(path);
  const { database, statements } = await guarded(() => open(path));
  const note = new GenerationNote(`${path}.generation`);
  const ring = new RingFile(`${path}.ring`);
  const ringRows = () => ring.rows(statements.generation());
  const slots = new KeySlotFile(`${path}.key`);
  // Under the database's lock, which every process that has the store open takes, and which ends with the process.
  const swapSlots = database.transaction((next: Uint8Array, expected: Uint8Array | undefined) =>
    slots.swap(next, expected),
  );
  const commit = database.transaction(({ added, others }: ReturnType<typeof apart>, expected: number) => {
    if (statements.generation() !== expected) throw new StorageConflict();
    note.raise(expected + 1);
    ring.put(added);
    for (const { key, value } of others) {
      if (value === undefined) statements.remove(key);
      else statements.put(key, value);
    }
    statements.setGeneration(expected + 1);
    return expected + 1;
  });
  const erase = database.transaction((keys: ReadonlySet<string>) => {
    ring.erase(keys);
  });
  /** What is to be erased: with the next commit, if it failed after its own. */
  const toErase = new Set<string>();
  const eraseAll = () => {
    erase.immediate(toErase);
    toErase.clear();
  };

  return {
    generation: () => guarded(() => statements.generation()),
    get: (key) =>
      guarded(() => {
        if (!isOfRing(key)) return statements.get(key);
        return ringRows()
          .find((row) => row.key === key)
          ?.value.slice();
      }),
    scan: (range) =>
      guarded(() => {
        const { ring, others } = reachOf(range);
        const found = others ? statements.scan(range) : [];
        return ring ? together(range, { ring: ringRows(), others: found }) : found;
      }),
    commit: (writes, expected) =>
      guarded(() => {
        const parts = apart(writes);
        // Immediate: the write lock is taken before the generation is read, so nobody can slip in between.
        const generation = commit.immediate(parts, expected);
        for (const key of parts.erased) toErase.add(key);
        if (toErase.size > 0) afterCommit(database, eraseAll);
        return generation;
      }),
    storeKey: (fresh) => guarded(() => keyFile(`${path}.key`, fresh)),
    keySlots: {
      read: () => guarded(() => slots.read()),
      swap: ({ bytes }, expected) => guarded(() => swapSlots.immediate(bytes, expected)),
    },
    notedGeneration: () => guarded(() => note.read()),
    noteGeneration: (generation) => guarded(() => note.write(generation)),
    expunge: () => guarded(() => expunge(database)),
    onForeignCommit: (listener) => {
      try {
        return watchFor(path, listener);
      } catch (cause) {
        throw unavailable(path, cause);
      }
    },
    close: async () => {
      note.close();
      ring.close();
      database.close();
    },
  };
}

async function open(path: string) {
  const { default: Database } = await import('better-sqlite3');
  await requireFolder(dirname(path));
  await makePrivate(path);
  await requireWritable(path);
  const database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
  try {
    setUp(database);
    return { database, statements: prepare(database) };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** The driver's error for this has no code to know it by. */
async function requireFolder(folder: string): Promise<void> {
  try {
    await stat(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw sdkError('INVALID_ARGUMENT', 'The folder of the database file does not exist. Create it first.');
  }
}

/** Before SQLite opens it: SQLite would create the file by the umask. It gives -wal and -shm the mode of the database. */
async function makePrivate(path: string): Promise<void> {
  await createPrivate(path);
  const suffixes = ['', '-wal', '-shm', '.key', '.key.new', '.ring', '.generation'];
  for (const suffix of suffixes) await keepPrivate(path + suffix);
}

/**
 * SQLite does not say which of its files it may not write to. If that is the database, it also makes a -shm that nobody
 * may write to, and so the database would not open when it may be written to again.
 */
async function requireWritable(path: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm']) {
    try {
      await access(path + suffix, constants.R_OK | constants.W_OK);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
}

function setUp(database: Sqlite.Database): void {
  database.pragma('journal_mode = WAL');
  database.pragma('synchronous = FULL');
  // What is deleted is overwritten with zeros.
  database.pragma('secure_delete = ON');
  database.exec(`
    CREATE TABLE IF NOT EXISTS rows (key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS generation (only INTEGER PRIMARY KEY CHECK (only = 0), value INTEGER NOT NULL);
    INSERT OR IGNORE INTO generation VALUES (0, 0);
  `);
}

/** Writes the file anew without its free pages, and empties the log. Another process that reads or writes makes this wait, and fail. */
function expunge(database: Sqlite.Database): void {
  database.exec('VACUUM');
  const [log] = database.pragma('wal_checkpoint(TRUNCATE)') as { busy: number }[];
  if (log?.busy !== 0) throw Object.assign(new Error('the log is in use'), { code: 'SQLITE_BUSY' });
}

/**
 * Erases keys, and takes what they sealed out of the log. The commit stands whatever comes of it: what failed is
 * tried again with the next one, the SDK erases keys that are left over when it opens the store again, and another process
 * that reads keeps the log as it is.
 */
function afterCommit(database: Sqlite.Database, erase: () => void): void {
  try {
    erase();
    database.pragma('busy_timeout = 0');
    database.pragma('wal_checkpoint(TRUNCATE)');
  } catch {
    return;
  } finally {
    database.pragma(`busy_timeout = ${BUSY_TIMEOUT_MS}`);
  }
}

function prepare(database: Sqlite.Database) {
  const generation = database.prepare<[], number>('SELECT value FROM generation').pluck();
  const setGeneration = database.prepare<[number]>('UPDATE generation SET value = ?');
  const get = database.prepare<[Buffer], Buffer>('SELECT value FROM rows WHERE key = ?').pluck();
  const put = database.prepare<[Buffer, Uint8Array]>('INSERT OR REPLACE INTO rows VALUES (?, ?)');
  const remove = database.prepare<[Buffer]>('DELETE FROM rows WHERE key = ?');
  const range = 'SELECT key, value FROM rows WHERE key >= ? AND key > ? AND key < ? ORDER BY key';
  type Range = [Buffer, Buffer, Buffer, number];
  const ascending = database.prepare<Range, { key: Buffer; value: Buffer }>(`${range} LIMIT ?`);
  const descending = database.prepare<Range, { key: Buffer; value: Buffer }>(`${range} DESC LIMIT ?`);

  return {
    generation: () => generation.get() ?? 0,
    setGeneration: (value: number) => setGeneration.run(value),
    get: (key: string) => copy(get.get(Buffer.from(key))),
    put: (key: string, value: Uint8Array) => put.run(Buffer.from(key), value),
    remove: (key: string) => remove.run(Buffer.from(key)),
    scan: ({
      prefix,
      after = '',
      before = endOfPrefix(prefix),
      limit = -1,
      reverse,
    }: ScanRange): StoredRow[] =>
      (reverse === true ? descending : ascending)
        .all(Buffer.from(prefix), Buffer.from(after), Buffer.from(before), limit)
        .map(({ key, value }) => ({ key: key.toString(), value: new Uint8Array(value) })),
  };
}

/** A plain array of its own: a Buffer may share memory with others, and structured clone would send all of it. */
function copy(buffer: Buffer | undefined): Uint8Array | undefined {
  return buffer === undefined ? undefined : new Uint8Array(buffer);
}

/** Every commit of any process grows or rewrites the write-ahead log beside the file. */
function watchFor(path: string, listener: () => void): () => void {
  const log = `${basename(path)}-wal`;
  const watcher = watch(dirname(path), { persistent: false }, (_event, file) => {
    if (file === log) listener();
  });
  return () => {
    watcher.close();
  };
}

/** Tried: better-sqlite3 13.2 ends Node 20 and Node 22.13 with a segmentation fault, and runs on Node 22.14. */
function requireRuntime(): void {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 14)) return;
  throw sdkError(
    'UNSUPPORTED_RUNTIME',
    `This is Node ${process.versions.node}, and quicprochat needs Node 22.14 or newer. Install that, then try again.`,
  );
}

function guardedAt(path: string) {
  return async <T>(work: () => T | Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (cause) {
      if (cause instanceof StorageConflict || cause instanceof QuicprochatError) throw cause;
      throw unavailable(path, cause);
    }
  };
}

function unavailable(path: string, cause: unknown): QuicprochatError {
  const { code = 'unknown reason', path: at } = cause as NodeJS.ErrnoException;
  const reason = REASONS.find(([codes]) => codes.test(code))?.[1] ?? 'failed';
  return sdkError(
    'STORE_UNAVAILABLE',
    `The ${placeOf(path, code, at)} ${HAPPENED[reason]} (${code}). Nothing was changed; ${CURES[reason]}.`,
    { details: { reason }, cause },
  );
}

type Reason = ErrorReasons['STORE_UNAVAILABLE'];

const REASONS: readonly [RegExp, Reason][] = [
  [/^(SQLITE_FULL|ENOSPC|EDQUOT|EFBIG)/, 'full'],
  [/^(SQLITE_(READONLY|CANTOPEN|PERM|AUTH)|EACCES|EPERM|EROFS)/, 'denied'],
  [/^(SQLITE_(BUSY|LOCKED|PROTOCOL)|EBUSY)/, 'busy'],
  [/^(SQLITE_(CORRUPT|NOTADB|FORMAT|ERROR)|EISDIR|ENOTDIR)/, 'damaged'],
];

const HAPPENED: Record<Reason, string> = {
  full: 'cannot be written: the disk is full',
  denied: 'cannot be opened or written',
  busy: 'is held by another program',
  damaged: 'is damaged, or belongs to another program',
  failed: 'cannot be read or written',
};

const CURES: Record<Reason, string> = {
  full: 'free some space and try again',
  denied: 'check the permissions, and whether the disk is read-only',
  busy: 'end that program, or wait until it is done, and try again',
  damaged: 'check the disk, and the name of the file',
  failed: 'check the disk and try again',
};

/** What failed, in words. `at` is the path that the system names; SQLite names none. */
function placeOf(path: string, code: string, at: string | undefined): string {
  if (at?.startsWith(path) === true) return `file ${basename(at)}`;
  if (at === dirname(path) || code === 'SQLITE_READONLY_DIRECTORY') return 'folder of the database file';
  return 'database file';
}
