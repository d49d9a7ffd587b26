import 'fake-indexeddb/auto';
import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { indexedDbStorage } from '../src/storage/indexeddb.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
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
