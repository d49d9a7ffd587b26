import 'fake-indexeddb/auto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { indexedDbStorage } from '../src/storage/indexeddb.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { RING_PREFIX } from '../src/storage/storage.ts';
import { storageContract } from './support/storage-contract.ts';

storageContract('memory', {
  shared: false,
  make: async () => {
    const storage = memoryStorage();
    return async () => storage;
  },
});

storageContract('SQLite', {
  shared: true,
  make: async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'qpc-storage-')), 'test.db');
    return () => sqliteStorage(path);
  },
});

// The logic on a stand-in for IndexedDB; apps/web/e2e runs the same adapter in a real browser.
let databases = 0;
storageContract('IndexedDB', {
  shared: true,
  make: async () => {
    const name = `test-${++databases}`;
    return async () => indexedDbStorage(name);
  },
});

const folder = () => mkdtemp(join(tmpdir(), 'qpc-storage-'));

test('a database file in a folder that does not exist is a wrong argument: trying again does not help', async () => {
  const path = join(await folder(), 'nowhere', 'test.db');
  await expect(sqliteStorage(path)).rejects.toMatchObject({
    name: 'UsageError',
    code: 'INVALID_ARGUMENT',
    message: 'The folder of the database file does not exist. Create it first.',
    retryable: false,
  });
});

test('what else stands in the way of a database file is named by the system’s code', async () => {
  const path = await folder();
  await expect(sqliteStorage(path)).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('(SQLITE_CANTOPEN)'),
  });
});

test.each(['.ring', '.generation'])(
  'the file %s beside the database is named if it cannot be opened',
  async (suffix) => {
    const path = join(await folder(), 'test.db');
    await mkdir(path + suffix);
    const storage = await sqliteStorage(path);
    const row = { key: `${RING_PREFIX}a`, value: new Uint8Array(40) };
    await expect(storage.commit([row], 0)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`^The file test.db${suffix} .*\\(EISDIR\\)`)),
    });
    await storage.close();
  },
);

test.each([
  ['SQLITE_FULL', 'full', 'disk is full'],
  ['ENOSPC', 'full', 'free some space'],
  ['SQLITE_READONLY', 'denied', 'check the permissions'],
  ['EACCES', 'denied', 'check the permissions'],
  ['SQLITE_BUSY', 'busy', 'held by another program'],
  ['SQLITE_CORRUPT', 'damaged', 'check the disk'],
  ['SQLITE_NOTADB', 'damaged', 'belongs to another program'],
  ['SQLITE_IOERR_READ', 'failed', 'check the disk and try again'],
])('of a disk that says %s, the error says “%s”, and what to do', async (code, reason, words) => {
  vi.spyOn(Sqlite.prototype, 'prepare').mockImplementation(() => {
    throw Object.assign(new Error('told'), { code });
  });
  const error: unknown = await sqliteStorage(join(await folder(), 'test.db')).catch((told: unknown) => told);
  vi.restoreAllMocks();
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { reason } });
  expect(String(error)).toContain(words);
  expect(String(error)).toContain(`(${code}). Nothing was changed; `);
});

// Root may write to any file.
test.skipIf(process.getuid?.() === 0)(
  'a file that this user may not read or write is named, and a database that is read-only gets no log beside it',
  async () => {
    const place = await folder();
    const path = join(place, 'test.db');
    await (await sqliteStorage(path)).close();
    const before = await readdir(place);
    const named = (name: string) => ({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(new RegExp(`^The ${name} .*\\((EACCES|SQLITE_READONLY_DIRECTORY)\\)`)),
    });
    await chmod(path, 0o400);
    await expect(sqliteStorage(path)).rejects.toMatchObject(named('file test.db'));
    expect(await readdir(place)).toEqual(before);
    await chmod(path, 0o600);
    await writeFile(`${path}-shm`, '', { mode: 0o400 });
    await expect(sqliteStorage(path)).rejects.toMatchObject(named('file test.db-shm'));
    await rm(`${path}-shm`);
    await writeFile(`${path}.key`, new Uint8Array(32), { mode: 0 });
    const storage = await sqliteStorage(path);
    await expect(storage.keySlots?.read()).rejects.toMatchObject(named('file test.db.key'));
    await storage.close();
    await chmod(place, 0o500);
    await expect(sqliteStorage(path)).rejects.toMatchObject(named('folder of the database file'));
    await chmod(place, 0o700);
  },
);

test('a database of another program is refused by a code, and let go', async () => {
  const place = await folder();
  const path = join(place, 'other.db');
  const other = new Sqlite(path);
  other.exec('CREATE TABLE rows (name TEXT)');
  other.close();
  await expect(sqliteStorage(path)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  // SQLite takes its log away when nobody has the database open any more.
  expect(await readdir(place)).toEqual(['other.db']);
});

/** A database that was written without zeroing what is deleted, as by earlier versions, with a row that was deleted. */
async function withRemains(path: string): Promise<void> {
  await (await sqliteStorage(path)).close();
  const earlier = new Sqlite(path);
  earlier.pragma('secure_delete = OFF');
  const key = Buffer.from('draft/1');
  earlier.prepare('INSERT INTO rows VALUES (?, ?)').run(key, Buffer.from('canary '.repeat(2_000)));
  earlier.pragma('wal_checkpoint(TRUNCATE)');
  earlier.prepare('DELETE FROM rows').run();
  earlier.close();
}

async function remainsIn(path: string): Promise<string[]> {
  const files = ['', '-wal'].map((end) => path + end);
  const contents = await Promise.all(files.map((file) => readFile(file).catch(() => Buffer.alloc(0))));
  return files.filter((_, n) => contents[n]?.includes('canary'));
}

test('what earlier versions left in a database file and its log is taken out', async () => {
  const path = join(await folder(), 'test.db');
  await withRemains(path);
  expect(await remainsIn(path)).toEqual([path]);
  const storage = await sqliteStorage(path);
  await storage.expunge?.();
  expect(await remainsIn(path)).toEqual([]);
  await storage.close();
});

test('that it could not be taken out, because another process reads the log, is told', async () => {
  const path = join(await folder(), 'test.db');
  await withRemains(path);
  const storage = await sqliteStorage(path);
  const reader = new Sqlite(path);
  reader.exec('BEGIN; SELECT * FROM rows');
  await storage.commit([{ key: 'draft/2', value: new Uint8Array(1) }], 0);
  await expect(storage.expunge?.()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  reader.close();
  await storage.expunge?.();
  expect(await remainsIn(path)).toEqual([]);
  await storage.close();
});

test('what is deleted is overwritten in the file', async () => {
  const path = join(await folder(), 'test.db');
  const storage = await sqliteStorage(path);
  const canary = new TextEncoder().encode('canary '.repeat(2_000));
  await storage.commit([{ key: 'draft/1', value: canary }], 0);
  const checkpoint = () => {
    const other = new Sqlite(path);
    other.pragma('wal_checkpoint(TRUNCATE)');
    other.close();
  };
  checkpoint();
  expect(await remainsIn(path)).toEqual([path]);
  await storage.commit([{ key: 'draft/1', value: undefined }], 1);
  checkpoint();
  expect(await remainsIn(path)).toEqual([]);
  await storage.close();
});
