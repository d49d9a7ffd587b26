import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { platform } from '#platform';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import type { Conversation } from '../src/api/conversation.ts';
import type { Platform } from '../src/platform/platform.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import type { Storage } from '../src/storage/storage.ts';
import { network, refused, reset, type Fault } from './support/network.ts';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

/** The same storage, as a tab sees it whose first commit waits. */
function slow(storage: Storage) {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isFirst = true;
  const commit: Storage['commit'] = async (writes, expected) => {
    if (isFirst) {
      isFirst = false;
      await gate;
    }
    return storage.commit(writes, expected);
  };
  return {
    storage: { ...storage, commit },
    release: () => {
      release();
    },
    isWaiting: () => !isFirst,
  };
}

test('two tabs that register the same handle at once are one account', async () => {
  const storage = memoryStorage();
  const second = slow(storage);
  const late = town.open({ handle: 'two-tabs', storage: second.storage });
  await expect.poll(second.isWaiting, { timeout: 10_000 }).toBe(true);
  const first = await town.open({ handle: 'two-tabs', storage });
  second.release();
  expect((await late).deviceId).toBe(first.deviceId);
  await first.close();
  await expect(town.open({ storage })).resolves.toMatchObject({ deviceId: first.deviceId });
});

test('a tab that finds an account where there was none a moment ago opens that account', async () => {
  const storage = memoryStorage();
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const slowFetch: Platform['net']['fetch'] = async (input, init) => {
    await gate;
    return platform.net.fetch(input, init);
  };
  const late = town.open({
    handle: 'two-tabs-late',
    storage,
    platform: { ...platform, net: { fetch: slowFetch } },
  });
  const first = await town.open({ handle: 'two-tabs-late', storage });
  release();
  expect((await late).deviceId).toBe(first.deviceId);
});

test('a tab that registers another handle into the same storage is refused, and takes nothing away', async () => {
  const storage = memoryStorage();
  const second = slow(storage);
  const late = town.open({ handle: 'tab-two', storage: second.storage });
  const refused = expect(late).rejects.toMatchObject({ code: 'HANDLE_MISMATCH' });
  await expect.poll(second.isWaiting, { timeout: 10_000 }).toBe(true);
  const first = await town.open({ handle: 'tab-one', storage });
  second.release();
  await refused;
  await first.close();
  await expect(town.open({ storage })).resolves.toMatchObject({
    handle: 'tab-one',
    deviceId: first.deviceId,
  });
});

test('a commit and the look after it both fail: the next one starts from what is stored', async () => {
  const inner = memoryStorage();
  let [failsCommit, failsGeneration] = [false, false];
  const storage: Storage = {
    ...inner,
    generation: async () => {
      if (!failsGeneration) return inner.generation();
      failsGeneration = false;
      throw new Error('cannot be read just now');
    },
    commit: async (writes, expected) => {
      if (!failsCommit || !writes.some(({ key }) => key.startsWith('core/')))
        return inner.commit(writes, expected);
      [failsCommit, failsGeneration] = [false, true];
      throw new Error('the disk is full');
    },
  };
  const [alice, bob] = [await town.join('alice'), await town.join('bob', { storage })];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  failsCommit = true;
  await expect(same(bob, tea).heal()).rejects.toThrow();
  expect(failsCommit).toBe(false);
  await same(bob, tea).heal();
  await bob.close();
  const again = await town.open({ storage });
  expect(same(again, tea).epoch).toBeGreaterThan(1);
});

/** Alice in a tab without a network, and what another tab of hers does that has one. */
async function twoTabs() {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-device-')), 'device.db');
  const storage = () => sqliteStorage(path);
  const bob = await town.join('bob');
  const before = await town.join('alice', { storage: storage() });
  const { id } = await before.conversations.create({ members: [bob.handle] });
  await before.close();
  const away = network();
  away.fail(() => reset());
  const alice = await town.open({ live: true, storage: storage(), platform: away.platform });
  await eventually('she is offline', () => alice.connection === 'offline');
  const tea = alice.conversations.find(id);
  /** Opens the other tab, which sends what waits. */
  async function sendElsewhere(fault: Fault): Promise<void> {
    await eventually('it waits', () => tea.waiting.length > 0);
    const net = network();
    net.fail(fault);
    const other = await town.open({ storage: storage(), platform: net.platform });
    await other.sync();
  }
  return { bob, tea, sendElsewhere };
}

const tooLarge: Fault = ({ procedure }) =>
  ['groups.post', 'groups.commit'].includes(procedure) ? refused('PAYLOAD_TOO_LARGE', 413) : undefined;

test.each<[string, (tea: Conversation, bob: Client) => Promise<unknown>]>([
  ['a message', (tea) => tea.send('refused')],
  ['a new name', (tea) => tea.rename('Refused')],
  ['healing', (tea) => tea.heal()],
  ['a removal', (tea, bob) => tea.members.remove([bob.handle])],
  ['leaving', (tea) => tea.leave()],
])('%s that another tab gave up for good fails in the tab that asked for it', async (_what, change) => {
  const { bob, tea, sendElsewhere } = await twoTabs();
  const told = expect(change(tea, bob)).rejects.toMatchObject({
    code: 'PAYLOAD_TOO_LARGE',
    name: 'TransportError',
    retryable: false,
  });
  await sendElsewhere(tooLarge);
  await told;
  expect([tea.waiting, tea.state, tea.name]).toEqual([[], 'active', '']);
});

test('many messages that another tab gave up all fail in the tab that sent them', async () => {
  const { tea, sendElsewhere } = await twoTabs();
  const sending = Promise.allSettled(Array.from({ length: 100 }, (_, n) => tea.send(`refused ${n}`)));
  await eventually('they wait', () => tea.waiting.length === 100);
  await sendElsewhere(tooLarge);
  expect((await sending).filter(({ status }) => status === 'rejected')).toHaveLength(100);
});

test('a message that another tab sealed anew and sent is not given up by the refusal of the old one', async () => {
  const shared = memoryStorage();
  const storage: Storage = { ...shared, close: async () => undefined };
  const net = network();
  const [alice, bob] = [
    await town.join('alice', { storage, platform: net.platform }),
    await town.join('bob'),
  ];
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const others = network();
  const tab = await town.open({ storage, platform: others.platform });
  others.loseNext('groups.post');
  net.delayNext('groups.post', async () => {
    await same(bob, tea).heal();
    await expect(tab.sync()).rejects.toMatchObject({ code: 'NETWORK' });
  });
  await tea.send('once');
  await bob.sync();
  for (const client of [alice, bob]) expect(await textsOf(same(client, tea))).toEqual(['once']);
});

test('what another tab sent is done in the tab that asked for it', async () => {
  const { tea, sendElsewhere } = await twoTabs();
  const sending = tea.send('sent over there');
  await sendElsewhere(() => undefined);
  await expect(sending).resolves.toMatchObject({ epoch: tea.epoch });
});

test('a tab that takes over what another one stored shows the members all the time', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-device-')), 'device.db');
  const bob = await town.join('bob');
  const other = await town.join('alice', { storage: sqliteStorage(path) });
  const { id } = await other.conversations.create({ members: [bob.handle] });
  const shown: number[] = [];
  let look: () => void = () => undefined;
  const stored = await sqliteStorage(path);
  const scan: Storage['scan'] = (range) => {
    look();
    return stored.scan(range);
  };
  const spawnWorker: Platform['spawnWorker'] = (source) => {
    const port = platform.spawnWorker(source);
    const post = (message: unknown) => {
      look();
      port.post(message);
    };
    return { ...port, post };
  };
  const storage = { ...stored, scan };
  const tab = await town.open({ storage, platform: { ...platform, spawnWorker } });
  const tea = tab.conversations.find(id);
  await other.conversations.find(id).heal();
  await other.conversations.find(id).setDraft('from the other tab');
  look = () => shown.push(tea.members.list().length);
  await tab.sync();
  expect(tea.draft).toBe('from the other tab');
  expect(new Set(shown)).toEqual(new Set([2]));
});

test('a tab that another one overtakes while it asks for the log asks again', async () => {
  const shared = memoryStorage();
  const kept: Storage = { ...shared, close: async () => undefined };
  const [other, bob] = [await town.join('alice', { storage: kept }), await town.join('bob')];
  const tea = await other.conversations.create({ members: [bob.handle] });
  await bob.sync();
  let beforeNextLook: () => Promise<unknown> = async () => undefined;
  const generation: Storage['generation'] = async () => {
    const overtake = beforeNextLook;
    beforeNextLook = async () => undefined;
    await overtake();
    return shared.generation();
  };
  const net = network();
  const tab = await town.open({ storage: { ...kept, generation }, platform: net.platform });
  await same(bob, tea).send('news');
  net.lie('groups.heads', (heads) => {
    // The next thing that the tab does with its store is to sign the call that reads the log.
    beforeNextLook = () => tea.heal();
    return heads;
  });
  await tab.sync();
  expect(net.calls.filter((call) => call === 'groups.read')).toHaveLength(2);
  expect(await textsOf(same(tab, tea))).toEqual(['news']);
  expect(same(tab, tea).epoch).toBe(tea.epoch);
});
