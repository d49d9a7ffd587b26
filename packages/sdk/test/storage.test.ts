import 'fake-indexeddb/auto';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
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
