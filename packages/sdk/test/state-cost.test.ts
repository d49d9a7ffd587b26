import { platform } from '#platform';
import { expect, test } from 'vitest';
import type { Platform } from '../src/platform/platform.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Storage } from '../src/storage/storage.ts';
import type { Request } from '../src/worker/protocol.ts';
import { network } from './support/network.ts';
import { people, textsOf } from './support/people.ts';

const town = people();

/** The same storage for another tab, with a count of the rows that the tab reads. */
function counted(storage: Storage) {
  const read = { rows: 0 };
  const scan: Storage['scan'] = async (range) => {
    const rows = await storage.scan(range);
    read.rows += rows.length;
    return rows;
  };
  const get: Storage['get'] = (key) => {
    read.rows += 1;
    return storage.get(key);
  };
  return { storage: { ...storage, scan, get }, read };
}

test('a tab takes over what another one changed by reading that alone, however much there is', async () => {
  const shared = memoryStorage();
  const storage: Storage = { ...shared, close: async () => undefined };
  const alice = await town.join('alice', { storage });
  const [tea] = await Promise.all(
    Array.from({ length: 12 }, (_, n) => alice.conversations.create({ name: `tea ${n}`, members: [] })),
  );
  const { storage: other, read } = counted(storage);
  const tab = await town.open({ storage: other });
  read.rows = 0;
  await tea!.setDraft('typed elsewhere');
  const here = tab.conversations.find(tea!.id);
  // It is that already, so that nothing is written.
  await here.setDraft('typed elsewhere');
  expect(here.draft).toBe('typed elsewhere');
  // The header, the note of that one commit, and the row that it names.
  expect(read.rows).toBe(3);
});

/** The platform, with a list of the calls to the worker that load a group or take one out of memory. */
function watched() {
  const calls: string[] = [];
  const spawnWorker: Platform['spawnWorker'] = (source) => {
    const port = platform.spawnWorker(source);
    const post = (message: unknown) => {
      const { name } = message as Request;
      if (name === 'group.load' || name === 'group.unload') calls.push(name);
      port.post(message);
    };
    return { ...port, post };
  };
  return { platform: { ...platform, spawnWorker }, calls };
}

test('opening loads no group; something done in a conversation loads its own', async () => {
  const shared = memoryStorage();
  const storage: Storage = { ...shared, close: async () => undefined };
  const [alice, bob] = [await town.join('alice', { storage }), await town.join('bob')];
  for (const name of ['tea', 'milk', 'sugar'])
    await alice.conversations.create({ name, members: [bob.handle] });
  await alice.close();

  const worker = watched();
  const again = await town.open({ storage, platform: worker.platform });
  const tea = again.conversations.find('tea');
  expect([again.conversations.list().length, tea.members.list().length, tea.epoch]).toEqual([3, 2, 1]);
  expect(worker.calls).toEqual([]);
  await tea.send('hello');
  await tea.send('again');
  expect(worker.calls).toEqual(['group.load']);
  await bob.sync();
  expect(await textsOf(bob.conversations.find(tea.id))).toEqual(['hello', 'again']);
});

test('groups that were not used for the longest leave memory, and come back when they are needed', async () => {
  const worker = watched();
  const alice = await town.join('alice', { groupsInMemory: 2, platform: worker.platform });
  const all = [];
  for (let n = 0; n < 4; n++) all.push(await alice.conversations.create({ members: [] }));
  expect(worker.calls.filter((name) => name === 'group.unload')).toHaveLength(2);
  const [first, , , last] = all;
  worker.calls.length = 0;
  await last!.heal();
  expect(worker.calls).toEqual([]);
  await first!.heal();
  expect(worker.calls).toEqual(['group.load', 'group.unload']);
  expect([first!.epoch, last!.epoch]).toEqual([1, 1]);
});

test('a pass over many conversations with nothing new asks the relay three times', async () => {
  const net = network();
  const [alice, bob] = [await town.join('alice'), await town.join('bob', { platform: net.platform })];
  for (let n = 0; n < 5; n++) await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const asked: string[] = [];
  net.fail(({ procedure }) => {
    asked.push(procedure);
    return undefined;
  });
  await bob.sync();
  expect(asked.sort()).toEqual(['groups.heads', 'inbox.read', 'keyPackages.status']);
  await alice.conversations.list()[0]!.send('news');
  asked.length = 0;
  await bob.sync();
  expect(asked.filter((procedure) => procedure === 'groups.read')).toHaveLength(1);
});
