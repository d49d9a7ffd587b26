import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, findPlaintext } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Storage } from '../src/storage/storage.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

test('a client opened anew from its storage goes on where it was', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-device-')), 'device.db');
  const [alice, first] = [await town.join('alice'), await town.join('bob', { storage: sqliteStorage(path) })];
  await syncAll(alice, first);
  const tea = await alice.conversations.create({ name: 'Tea', members: [first.handle] });
  await tea.send('one');
  await first.sync();
  await first.close();

  await tea.send('two');
  const second = await town.open({ storage: sqliteStorage(path) });
  expect(await textsOf(second.conversations.find('Tea'))).toEqual(['one']);
  await second.sync();
  expect(await textsOf(second.conversations.find('Tea'))).toEqual(['one', 'two']);
  await second.conversations.find('Tea').send('three');
  await alice.sync();
  expect(await textsOf(tea)).toEqual(['one', 'two', 'three']);
});

test('a live client that comes back gets what was sent while it was away', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-device-')), 'device.db');
  const [alice, first] = [await town.join('alice'), await town.join('bob', { storage: sqliteStorage(path) })];
  const tea = await alice.conversations.create({ members: [first.handle] });
  await first.sync();
  await first.close();
  await tea.send('while you were away');
  const second = await town.open({ storage: sqliteStorage(path), live: true });
  await eventually('the text arrives', async () => (await textsOf(same(second, tea))).length === 1);
});

test('two clients on one storage at once: nothing lost, nothing doubled, both see all', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-device-')), 'device.db');
  const alice = await town.join('alice');
  const left = await town.join('bob', { storage: sqliteStorage(path), live: true });
  const right = await town.open({ storage: sqliteStorage(path), live: true });
  await alice.sync();
  const tea = await alice.conversations.create({ members: [left.handle] });
  await eventually('both tabs are in', () =>
    [left, right].every((tab) => tab.conversations.list().length === 1),
  );

  await Promise.all(
    Array.from({ length: 10 }, async (_, i) => {
      await same(left, tea).send(`left ${i}`);
      await same(right, tea).send(`right ${i}`);
      await tea.send(`alice ${i}`);
    }),
  );
  const expected = Array.from({ length: 10 }, (_, i) => [`left ${i}`, `right ${i}`, `alice ${i}`])
    .flat()
    .sort();
  for (const tab of [left, right]) {
    await eventually(
      'the tab shows all',
      async () => (await textsOf(same(tab, tea))).length >= expected.length,
    );
    expect((await textsOf(same(tab, tea))).sort()).toEqual(expected);
  }
  await alice.sync();
  expect((await textsOf(tea)).sort()).toEqual(expected);
});

test('a relay that is killed and comes back loses nothing that it accepted, and doubles nothing', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();

  const accepted: string[] = [];
  const sending = (async () => {
    for (let i = 0; i < 30; i++) {
      await tea.send(`text ${i}`);
      accepted.push(`text ${i}`);
    }
  })();
  for (let i = 0; i < 3; i++) {
    await eventually('some were sent', () => accepted.length > i * 8);
    await town.relay().kill();
    await town.relay().start();
  }
  await sending;
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(accepted);
});

test('what is sent without a connection goes out when there is one', async () => {
  const alice = await town.join('alice', { live: true });
  const bob = await town.join('bob');
  await bob.sync();
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await town.relay().stop();
  await eventually('the loss is noticed', () => alice.connection === 'offline');
  const sending = tea.send('into the dark');
  await eventually('it is in the history', () => tea.lastMessage?.state === 'queued');
  await town.relay().start();
  await sending;
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['into the dark']);
});

test('a client that does not stay keeps what it could not send', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await town.relay().stop();
  await expect(tea.send('later')).rejects.toMatchObject({ code: 'NETWORK', details: { queued: true } });
  await town.relay().start();
  await syncAll(alice, bob);
  expect(await textsOf(same(bob, tea))).toEqual(['later']);
});

test('a storage belongs to one handle at one relay', async () => {
  const storage = memoryStorage();
  const alice = await town.join('alice', { storage });
  await expect(town.open({ storage, handle: 'someone-else' })).rejects.toMatchObject({
    code: 'HANDLE_MISMATCH',
  });
  await expect(town.open({ storage: memoryStorage() })).rejects.toMatchObject({ code: 'NOT_REGISTERED' });
  const taken = memoryStorage();
  await expect(town.open({ storage: taken, handle: alice.handle })).rejects.toMatchObject({
    code: 'HANDLE_TAKEN',
  });
  expect(await taken.scan({ prefix: '' })).toEqual([]);
  await expect(town.open({ storage: taken, handle: 'Not A Handle' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
  await expect(town.open({ relay: 'ftp://x', handle: 'x' })).rejects.toMatchObject({
    code: 'INVALID_ARGUMENT',
  });
});

test('the relay’s database and log hold none of the texts', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const canaries = ['canary-name-4711', 'canary text: the eagle lands at noon', 'ключ под ковриком'];
  const tea = await alice.conversations.create({ name: canaries[0]!, members: [bob.handle] });
  for (const canary of canaries) await tea.send(canary);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(canaries);
  expect(await findPlaintext(town.relay().folder, canaries)).toEqual([]);
  // The search can find something: the handles, which the directory holds in clear.
  expect(await findPlaintext(town.relay().folder, [alice.handle])).not.toEqual([]);
});

test('a storage whose core records are all gone is refused, not begun anew', async () => {
  const storage = memoryStorage();
  await (await town.join('alice', { storage })).close();
  const rows = await storage.scan({ prefix: 'core/' });
  expect(rows.length).toBeGreaterThan(0);
  await storage.commit(
    rows.map(({ key }) => ({ key, value: undefined })),
    await storage.generation(),
  );
  await expect(town.open({ storage })).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
});

test.each([
  ['missing', undefined, 'STORE_KEY_MISSING'],
  ['another', new Uint8Array(32), 'STORE_KEY_WRONG'],
])('with a store key that is %s the storage stays closed, and as it is', async (_which, key, code) => {
  const storage = memoryStorage();
  await (await town.join('alice', { storage })).close();
  const before = await storage.scan({ prefix: '' });
  await expect(town.open({ storage: { ...storage, storeKey: async () => key } })).rejects.toMatchObject({
    code,
  });
  expect(await storage.scan({ prefix: '' })).toEqual(before);
});

test.each([
  ['client’s own', 'when the storage is opened'],
  ['group’s', 'when something is done in the conversation'],
])('the %s records as they were before are noticed %s', async (scope) => {
  const shared = memoryStorage();
  const storage: Storage = { ...shared, close: async () => undefined };
  const [alice, bob] = [await town.join('alice', { storage }), await town.join('bob')];
  const tea = await alice.conversations.create({ members: [bob.handle] });
  const prefix = `core/${scope === 'group’s' ? tea.id : 'own'}/`;
  const before = await storage.scan({ prefix });
  await tea.heal();
  await alice.close();
  const now = new Map((await storage.scan({ prefix })).map(({ key, value }) => [key, value]));
  const changed = before.find(({ key, value }) => now.has(key) && !Buffer.from(value).equals(now.get(key)!));
  // If nothing was written over, what was added is taken away.
  const added = [...now.keys()].filter((key) => before.every((record) => record.key !== key));
  const gone = added.map((key) => ({ key, value: undefined }));
  await storage.commit(changed === undefined ? gone : [changed], await storage.generation());
  const use = async () => {
    const again = await town.open({ storage, live: false });
    await again.conversations.find(tea.id).send('hello');
  };
  await expect(use()).rejects.toMatchObject({
    code: 'STORE_ROLLED_BACK',
    details: { told: expect.stringContaining('/') },
  });
});
