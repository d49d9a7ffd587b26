import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@quicprochat/testkit';
import { afterEach, expect, test } from 'vitest';
import { platform } from '#platform';
import type { Client } from '../src/api/client.ts';
import type { Conversation } from '../src/api/conversation.ts';
import { encodeRow } from '../src/state/codec.ts';
import { STORE_VERSION } from '../src/state/rows.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import type { Storage } from '../src/storage/storage.ts';
import { network } from './support/network.ts';
import { people, same } from './support/people.ts';

const town = people();
// Some tests stop it.
afterEach(async () => {
  await town.relay().stop();
  await town.relay().start();
});

const RELOAD =
  'A newer version of quicprochat wrote this storage. Update this app; in a browser, reload the page.';
const TAKEN_OVER = { name: 'StorageError', code: 'STORE_VERSION', retryable: false, message: RELOAD };

/** What a newer version does with a storage: its header, and all rows in a form that this version cannot read. */
async function takeOver(storage: Storage, version = STORE_VERSION + 1): Promise<void> {
  const rows = (await storage.scan({ prefix: '' })).filter(({ key }) => !key.startsWith('store/'));
  const generation = await storage.generation();
  const writes = [
    { key: 'store/header', value: encodeRow({ version }) },
    { key: `journal/${String(generation + 1).padStart(12, '0')}`, value: new Uint8Array([9]) },
    ...rows.map(({ key, value }) => ({ key, value: new Uint8Array([9, ...value]) })),
  ];
  await storage.commit(writes, generation);
}

async function contentOf(storage: Storage) {
  return { generation: await storage.generation(), rows: await storage.scan({ prefix: '' }) };
}

/** Alice in a conversation with Bob, on a storage that another tab can open, too. */
async function tea(options: { live?: boolean; storage?: (inner: Storage) => Storage } = {}) {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-device-')), 'device.db');
  const { live = false, storage = (inner: Storage) => inner } = options;
  const net = network();
  let asleep = 0;
  const sleep: typeof platform.timers.sleep = (ms, signal) => {
    asleep++;
    return platform.timers.sleep(ms, signal).finally(() => asleep--);
  };
  const bob = await town.join('bob');
  const alice = await town.join('alice', {
    live,
    storage: storage(await sqliteStorage(path)),
    platform: { ...net.platform, timers: { sleep } },
  });
  const conversation = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  await same(bob, conversation).send('tea?');
  await alice.sync();
  await conversation.setDraft('half a sentence');
  const other = await sqliteStorage(path);
  return { alice, bob, conversation, net, other, timers: () => asleep };
}

/** Everything that changes something. */
const CHANGES: [string, (client: Client, tea: Conversation) => Promise<unknown>][] = [
  ['sends', (_, tea) => tea.send('hello')],
  ['keeps a draft', (_, tea) => tea.setDraft('more')],
  ['marks as read', (_, tea) => tea.markRead(tea.lastMessage!.position)],
  ['renames', (_, tea) => tea.rename('Coffee')],
  ['heals', (_, tea) => tea.heal()],
  ['adds', (client, tea) => tea.members.add([`${client.handle}-friend`])],
  ['leaves', (_, tea) => tea.leave()],
  ['makes a conversation', (client) => client.conversations.create({ members: [] })],
  ['makes one with others', (client) => client.conversations.create({ members: ['bob-1'] })],
  ['synchronizes', (client) => client.sync()],
];

test.each([true, false])(
  'a client whose storage a newer version takes over stops, and changes nothing there (live: %s)',
  async (live) => {
    const { alice, bob, conversation, net, other, timers } = await tea({ live });
    if (live) await eventually('she is online', () => alice.connection === 'online');
    await takeOver(other);
    const taken = await contentOf(other);
    if (live) await eventually('she sees it by herself', () => alice.trouble !== undefined);
    else await expect(conversation.send('hello')).rejects.toMatchObject(TAKEN_OVER);

    expect(alice.trouble).toMatchObject(TAKEN_OVER);
    expect(alice.connection).toBe('offline');
    const calls = net.calls.length;
    for (const [what, change] of CHANGES)
      await expect(change(alice, conversation), what).rejects.toMatchObject(TAKEN_OVER);
    await same(bob, conversation).send('are you there?');
    await eventually('nothing waits for a timer', () => timers() === 0);
    expect(net.calls.slice(calls)).toEqual([]);
    expect(await contentOf(other)).toEqual(taken);
  },
);

test('what is in memory can be read after a newer version has taken the storage over', async () => {
  const { alice, bob, conversation, other } = await tea();
  await conversation.send('hello');
  await takeOver(other);
  await expect(alice.sync()).rejects.toMatchObject(TAKEN_OVER);
  expect(alice.conversations.list()).toEqual([conversation]);
  expect(conversation).toMatchObject({ name: 'Tea', draft: 'half a sentence', state: 'active' });
  expect(conversation.lastMessage?.content).toEqual({ type: 'text', text: 'hello' });
  expect(conversation.members.list().map(({ handle }) => handle)).toContain(bob.handle);
  expect(conversation.security.epoch).toBe(1);
  await expect(alice.contacts.safetyNumber(bob.handle)).resolves.toMatch(/^\d{60}$/);
  // The history is in the storage.
  await expect(conversation.history()).rejects.toMatchObject(TAKEN_OVER);
});

test('a commit that the newer version is quicker than writes nothing', async () => {
  let taking: (() => Promise<void>) | undefined;
  const slow = (inner: Storage): Storage => ({
    ...inner,
    commit: async (writes, expected) => {
      await taking?.();
      return inner.commit(writes, expected);
    },
  });
  const { alice, conversation, other } = await tea({ storage: slow });
  let taken: Awaited<ReturnType<typeof contentOf>> | undefined;
  taking = async () => {
    taking = undefined;
    await takeOver(other);
    taken = await contentOf(other);
  };
  await expect(conversation.heal()).rejects.toMatchObject(TAKEN_OVER);
  expect(await contentOf(other)).toEqual(taken);
  expect(alice.trouble).toMatchObject(TAKEN_OVER);
});

test('who waits for a message to be sent is told that it stays queued, and the message is left to the newer version', async () => {
  const { alice, conversation, other } = await tea({ live: true });
  await town.relay().stop();
  await eventually('she is offline', () => alice.connection === 'offline');
  const sending = expect(conversation.send('hello')).rejects.toMatchObject({
    code: 'STORE_VERSION',
    message: `${RELOAD} The message or change stays queued.`,
    details: { queued: true },
  });
  await eventually('it waits', () => conversation.waiting.length === 1);
  await takeOver(other);
  await sending;
  expect(await other.scan({ prefix: 'outbox/' })).toHaveLength(1);
  expect(conversation.waiting).toHaveLength(1);
});

test('who iterates over messages is told, and does not wait for ever', async () => {
  const { conversation, other } = await tea({ live: true });
  const next = conversation.messages()[Symbol.asyncIterator]().next();
  const told = expect(next).rejects.toMatchObject(TAKEN_OVER);
  await takeOver(other);
  await told;
});

test('a cancellation comes too late for a message that the newer version has', async () => {
  const { alice, conversation, other } = await tea({ live: true });
  await town.relay().stop();
  await eventually('she is offline', () => alice.connection === 'offline');
  const stop = new AbortController();
  const sending = conversation.send('hello', { signal: stop.signal });
  const told = expect(sending).rejects.toMatchObject({ code: 'STORE_VERSION', details: { queued: true } });
  await eventually('it waits', () => conversation.waiting.length === 1);
  await takeOver(other);
  stop.abort();
  await told;
  expect(await other.scan({ prefix: 'outbox/' })).toHaveLength(1);
});

test('listeners hear once that a newer version has taken the storage over', async () => {
  const storage = memoryStorage();
  const alice = await town.join('alice', { storage });
  await takeOver(storage);
  const heard: unknown[] = [];
  alice.subscribe(() => heard.push(alice.trouble?.code));
  for (let i = 0; i < 3; i++) await expect(alice.sync()).rejects.toMatchObject(TAKEN_OVER);
  expect(heard).toEqual(['STORE_VERSION']);
});
