import type * as Fs from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { RingFile } from '../src/storage/ring-file.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { RING_PREFIX, type Storage } from '../src/storage/storage.ts';

const files = vi.hoisted(() => ({ mostBytes: Infinity }));

vi.mock('node:fs', async (original) => {
  const fs = await original<typeof Fs>();
  const inPart = (length: number) => Math.min(length, files.mostBytes);
  return {
    ...fs,
    readSync: (file: number, bytes: Uint8Array, offset: number, length: number, at: number) =>
      fs.readSync(file, bytes, offset, inPart(length), at),
    writeSync: (file: number, bytes: Uint8Array, offset: number, length: number, at: number) =>
      fs.writeSync(file, bytes, offset, inPart(length), at),
  };
});

const path = async () => join(await mkdtemp(join(tmpdir(), 'qpc-ring-')), 'device.db');
const row = (id: number) => ({ key: `${RING_PREFIX}own/${id}`, value: new Uint8Array(32).fill(id) });
const keysOf = async (storage: Storage) =>
  (await storage.scan({ prefix: RING_PREFIX })).map(({ key }) => key);

afterEach(() => {
  files.mostBytes = Infinity;
});

test('a ring that is read in parts keeps every key', async () => {
  const ring = new RingFile(`${await path()}.ring`);
  ring.put([row(1), row(2)]);
  files.mostBytes = 128;
  expect(ring.rows(1)).toEqual([row(1), row(2)]);
  ring.put([row(3)]);
  expect(ring.rows(2)).toEqual([row(1), row(2), row(3)]);
});

test('a commit whose key is written in part fails, and nothing of it is stored', async () => {
  const storage = await sqliteStorage(await path());
  await storage.commit([row(1), { key: 'a', value: new Uint8Array([1]) }], 0);
  files.mostBytes = 100;
  const next = [row(2), { key: 'a', value: new Uint8Array([2]) }];
  await expect(storage.commit(next, 1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  files.mostBytes = Infinity;
  expect(await storage.generation()).toBe(1);
  expect(await storage.get('a')).toEqual(new Uint8Array([1]));
  expect(await keysOf(storage)).toEqual([row(1).key]);
  await storage.commit(next, 1);
  expect(await keysOf(storage)).toEqual([row(1).key, row(2).key]);
  await storage.close();
});
