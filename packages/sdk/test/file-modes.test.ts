import { chmod, mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { sqliteStorage } from '../src/storage/sqlite.ts';

const FILES = ['device.db', 'device.db-shm', 'device.db-wal', 'device.db.generation', 'device.db.key'];
const PRIVATE = FILES.map((name) => `${name} 600`);
const KEY = new Uint8Array(32).fill(7);

let umask: number;
let folder: string;
beforeEach(async () => {
  // Under this umask a program that does not care makes files that everyone may read and write.
  umask = process.umask(0);
  folder = await mkdtemp(join(tmpdir(), 'qpc-modes-'));
});
afterEach(() => process.umask(umask));

const modesIn = async (path: string) => {
  const names = (await readdir(path)).sort();
  return Promise.all(
    names.map(async (name) => `${name} ${((await stat(join(path, name))).mode & 0o777).toString(8)}`),
  );
};

/** A storage with a row and a key, so that all of its files are there. */
async function openAndWrite() {
  const storage = await sqliteStorage(join(folder, 'device.db'));
  await storage.storeKey(KEY);
  await storage.commit([{ key: 'a', value: KEY }], await storage.generation());
  return storage;
}

// Windows has no such modes: there the folder's access list decides.
const ifPosix = test.runIf(process.platform !== 'win32');

ifPosix('creates the database, its log, its index and the key file for their owner alone', async () => {
  const storage = await openAndWrite();
  expect(await modesIn(folder)).toEqual(PRIVATE);
  await storage.close();
  expect(await modesIn(folder)).toEqual(PRIVATE.filter((line) => !/-(wal|shm)/.test(line)));
});

ifPosix('takes the rights of others from files that were there before, and keeps their content', async () => {
  await (await openAndWrite()).close();
  for (const name of await readdir(folder)) await chmod(join(folder, name), 0o644);
  const storage = await openAndWrite();
  expect(await modesIn(folder)).toEqual(PRIVATE);
  expect(await storage.storeKey()).toEqual(KEY);
  expect([await storage.generation(), await storage.get('a')]).toEqual([2, KEY]);
  await storage.close();
});

ifPosix('takes the rights of others from a log that another process has open, too', async () => {
  const path = join(folder, 'device.db');
  await (await openAndWrite()).close();
  await chmod(path, 0o644);
  const other = new Sqlite(path);
  other.exec('UPDATE generation SET value = value');
  expect((await modesIn(folder)).filter((line) => line.endsWith(' 644'))).toEqual(
    FILES.slice(0, 3).map((name) => `${name} 644`),
  );
  const storage = await openAndWrite();
  expect(await modesIn(folder)).toEqual(PRIVATE);
  await storage.close();
  other.close();
});

ifPosix('leaves a stricter mode of the owner as it is', async () => {
  const storage = await openAndWrite();
  await storage.close();
  await chmod(join(folder, 'device.db.key'), 0o400);
  await (await openAndWrite()).close();
  expect(await modesIn(folder)).toEqual(['device.db 600', 'device.db.generation 600', 'device.db.key 400']);
});

ifPosix('does not touch a folder at the path of the database', async () => {
  await writeFile(join(folder, 'x'), '');
  await chmod(folder, 0o755);
  await expect(sqliteStorage(folder)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect((await stat(folder)).mode & 0o777).toBe(0o755);
  expect(await readdir(folder)).toEqual(['x']);
});
