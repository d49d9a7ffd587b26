import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { earlierStore, storageOf } from './support/earlier-store.ts';
import { network } from './support/network.ts';
import { contentsOf, people, same, textsOf } from './support/people.ts';

const town = people();

const ENCRYPTED = ['groups.commit', 'groups.post'];

/** Alice, who is in a conversation with Bob, with a store in a folder. A copy of her database is from before Bob spoke. */
async function cast() {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-noted-')), 'alice.db');
  const alice = await town.join('alice', { storage: sqliteStorage(path), live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  await alice.close();
  await cp(path, `${path}.copy`);
  // Nothing of Alice's own: the log shows nothing that her older storage has not written.
  const later = await town.open({ storage: sqliteStorage(path), live: false });
  for (const text of ['hello', 'anybody?']) {
    await same(bob, tea).send(text);
    await later.sync();
  }
  await later.close();
  return { path, bob, tea };
}

async function reopen({ path, bob, tea }: Awaited<ReturnType<typeof cast>>) {
  const net = network();
  const alice = await town.open({ storage: sqliteStorage(path), live: false, platform: net.platform });
  const hers = same(alice, tea);
  await hers.send('again');
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['hello', 'anybody?', 'again']);
  const copied = (await contentsOf(hers)).filter(({ type }) => type === 'copied');
  await alice.close();
  return { first: net.calls.find((call) => ENCRYPTED.includes(call)), copied: copied.length };
}

test('a database that was put back is noticed by the note beside it, and heals first', async () => {
  const there = await cast();
  await cp(`${there.path}.copy`, there.path);
  expect(await reopen(there)).toEqual({ first: 'groups.commit', copied: 1 });
});

test.each([
  ['missing', (note: string) => rm(note)],
  ['cut off', (note: string) => writeFile(note, 'x')],
  ['too long', (note: string) => writeFile(note, 'x'.repeat(20))],
])('with a note that is %s, it heals first', async (_what, change) => {
  const there = await cast();
  await change(`${there.path}.generation`);
  expect(await reopen(there)).toEqual({ first: 'groups.commit', copied: 1 });
  const again = await town.open({ storage: sqliteStorage(there.path), live: false });
  expect((await contentsOf(same(again, there.tea))).filter(({ type }) => type === 'copied')).toHaveLength(1);
  await again.close();
});

test('a database that was noticed once is not noticed again', async () => {
  const there = await cast();
  await cp(`${there.path}.copy`, there.path);
  const alice = await town.open({ storage: sqliteStorage(there.path), live: false });
  await alice.close();
  const again = await town.open({ storage: sqliteStorage(there.path), live: false });
  await again.sync();
  const told = (await contentsOf(same(again, there.tea))).map(({ type }) => type);
  expect(told.filter((type) => type === 'copied' || type === 'healed')).toEqual(['copied', 'healed']);
  await again.close();
});

test.each([
  ['as it was left', 0n],
  ['one ahead, as after a commit that failed', 1n],
  ['behind, as after a power cut', -3n],
])('a note that is %s is no alarm', async (_what, change) => {
  const there = await cast();
  const note = `${there.path}.generation`;
  const bytes = await readFile(note);
  bytes.writeBigUInt64BE(bytes.readBigUInt64BE() + change);
  await writeFile(note, bytes);
  expect(await reopen(there)).toEqual({ first: 'groups.post', copied: 0 });
});

test('a database that was put back is noticed, although the first commit after that failed', async () => {
  const there = await cast();
  const { path } = there;
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
  expect(await reopen(there)).toEqual({ first: 'groups.commit', copied: 1 });
});

test('a store of an earlier version that takes the place of a newer one heals first', async () => {
  const store = await earlierStore(6);
  // What the newer one has noted beside the rows.
  const noted = { notedGeneration: async () => 1_000, close: async () => undefined };
  const storage = { ...(await storageOf(store)), ...noted };
  const alice = await Client.create({ relay: store.relay, storage, live: false });
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
