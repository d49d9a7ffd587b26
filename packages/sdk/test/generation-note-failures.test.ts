import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { network } from './support/network.ts';
import { contentsOf, people, same } from './support/people.ts';

const town = people();
const ENCRYPTED = ['groups.commit', 'groups.post'];

async function cast() {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-a15-')), 'alice.db');
  const alice = await town.join('alice', { storage: sqliteStorage(path), live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  await alice.close();
  await cp(path, `${path}.copy`);
  const later = await town.open({ storage: sqliteStorage(path), live: false });
  for (const text of ['hello', 'anybody?']) {
    await same(bob, tea).send(text);
    await later.sync();
  }
  await later.close();
  return { path, bob, tea };
}

test('a database that was put back is noticed, although the first commit after that failed', async () => {
  const { path, tea } = await cast();
  await cp(`${path}.copy`, path);
  const sql = (text: string) => {
    const database = new Sqlite(path);
    database.exec(text);
    database.close();
  };
  // As a full disk does.
  sql(`CREATE TRIGGER full BEFORE UPDATE ON generation BEGIN SELECT RAISE(ABORT, 'full'); END`);
  await expect(town.open({ storage: sqliteStorage(path), live: false })).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
  });
  sql('DROP TRIGGER full');
  const net = network();
  const alice = await town.open({ storage: sqliteStorage(path), live: false, platform: net.platform });
  const hers = same(alice, tea);
  await hers.send('again');
  const copied = (await contentsOf(hers)).filter(({ type }) => type === 'copied').length;
  await alice.close();
  expect({ first: net.calls.find((call) => ENCRYPTED.includes(call)), copied }).toEqual({
    first: 'groups.commit',
    copied: 1,
  });
});

interface Fixture {
  relay: string;
  storeKey: string;
  store: [key: string, value: string][];
}
async function fixture(version: number): Promise<Fixture> {
  const file = new URL(`fixtures/store-${version}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(await readFile(file)).toString()) as Fixture;
}
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

test('a store of an earlier version that takes the place of a newer one heals first', async () => {
  const { store, storeKey, relay } = await fixture(6);
  const inner = memoryStorage();
  await inner.commit(
    store.map(([key, value]) => ({ key, value: bytes(value) })),
    0,
  );
  await inner.storeKey(bytes(storeKey));
  // What the newer one has noted beside the rows.
  const storage = { ...inner, notedGeneration: async () => 1_000, close: async () => undefined };
  const alice = await Client.create({ relay, storage, live: false });
  const copied = (await contentsOf(alice.conversations.find('Tea'))).filter(({ type }) => type === 'copied');
  await alice.close();
  expect(copied).toHaveLength(1);
});

test('an account that is made where an older one’s files were, but for the note, is not taken for a copy', async () => {
  const { path } = await cast();
  for (const suffix of ['', '-wal', '-shm', '.key']) await rm(path + suffix, { force: true });
  const anew = await town.join('alice', { storage: sqliteStorage(path), live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await anew.conversations.create({ members: [bob.handle] });
  await anew.close();
  const again = await town.open({ storage: sqliteStorage(path), live: false });
  expect((await contentsOf(same(again, tea))).filter(({ type }) => type === 'copied')).toEqual([]);
  await again.close();
});
