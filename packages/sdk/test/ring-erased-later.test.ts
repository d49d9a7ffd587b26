import 'fake-indexeddb/auto';
import { mkdtemp, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { RingFile } from '../src/storage/ring-file.ts';
import { indexedDbStorage } from '../src/storage/indexeddb.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { RING_PREFIX, type Storage } from '../src/storage/storage.ts';

const path = async () => join(await mkdtemp(join(tmpdir(), 'qpc-ring-')), 'device.db');
const row = (id: number) => ({ key: `${RING_PREFIX}own/${id}`, value: new Uint8Array(32).fill(id) });
const gone = (id: number) => ({ key: row(id).key, value: undefined });
const keysOf = async (storage: Storage) =>
  (await storage.scan({ prefix: RING_PREFIX })).map(({ key }) => key);

afterEach(() => {
  vi.restoreAllMocks();
});

test('SQLite: a key whose erasure failed is erased with the next commit', async () => {
  const file = await path();
  const storage = await sqliteStorage(file);
  await storage.commit([row(1)], 0);
  vi.spyOn(RingFile.prototype, 'erase').mockImplementationOnce(() => {
    throw new Error('the disk does not answer');
  });
  await storage.commit([row(2), gone(1)], 1);
  expect(await keysOf(storage)).toContain(row(1).key);
  await storage.commit([{ key: 'a', value: new Uint8Array([1]) }], 2);
  expect(await keysOf(storage)).toEqual([row(2).key]);
  expect((await readFile(`${file}.ring`)).includes(Buffer.from(row(1).value))).toBe(false);
  await storage.close();
});

test('IndexedDB: a key whose erasure failed is erased with the next commit', async () => {
  const storage = indexedDbStorage('erased-later');
  await storage.commit([row(1)], 0);
  const spy = vi.spyOn(IDBObjectStore.prototype, 'delete').mockImplementation(() => {
    throw new Error('the disk does not answer');
  });
  await storage.commit([row(2), gone(1)], 1);
  spy.mockRestore();
  expect(await keysOf(storage)).toContain(row(1).key);
  await storage.commit([{ key: 'a', value: new Uint8Array([1]) }], 2);
  expect(await keysOf(storage)).toEqual([row(2).key]);
  await storage.close();
});
