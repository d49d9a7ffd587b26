import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sqliteStorage } from '../src/storage/sqlite.ts';
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
