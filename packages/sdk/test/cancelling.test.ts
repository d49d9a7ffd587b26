import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Conversation } from '../src/api/conversation.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import type { Storage } from '../src/storage/storage.ts';
import { network, reset } from './support/network.ts';
import { contentsOf, people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** Alice, live and without a network, in a conversation with Bob, who has one. */
async function offline({ storage }: { storage: Storage } = { storage: memoryStorage() }) {
  const net = network();
  const bob = await town.join('bob');
  const before = await town.join('alice', { storage: unclosed(storage) });
  const { id } = await before.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  await before.close();
  net.fail(() => reset());
  const alice = await town.open({ live: true, storage, platform: net.platform });
  await eventually('she is offline', () => alice.connection === 'offline');
  const back = async () => {
    net.mend();
    await eventually('she is online', () => alice.connection === 'online');
  };
  return { net, alice, bob, tea: alice.conversations.find(id), back };
}

/** Of several clients that share a storage one after another, only the last one closes it. */
function unclosed(storage: Storage): Storage {
  return { ...storage, close: async () => undefined };
}

type Change = (tea: Conversation, options: { signal: AbortSignal }) => Promise<unknown>;

const changes: [string, Change, object][] = [
  ['a message', (tea, options) => tea.send('never', options), { kind: 'message' }],
  ['a new name', (tea, options) => tea.rename('Never', options), { kind: 'rename' }],
  ['healing', (tea, options) => tea.heal(options), { kind: 'heal' }],
  ['leaving', (tea, options) => tea.leave(options), { kind: 'leave' }],
  [
    'a removal',
    (tea, options) => tea.members.remove([tea.members.list().find(({ own }) => !own)?.handle ?? ''], options),
    { kind: 'remove', handles: [expect.stringContaining('bob')] },
  ],
];

test.each(changes)(
  '%s that is cancelled while offline does not happen later',
  async (_what, change, shown) => {
    const { alice, bob, tea, back } = await offline();
    const cancelling = new AbortController();
    const changing = change(tea, { signal: cancelling.signal });
    await eventually('it waits', () => tea.waiting.length === 1);
    expect(tea.waiting).toEqual([{ ...shown, id: expect.any(String), state: 'queued' }]);
    cancelling.abort();
    await expect(changing).rejects.toBe(cancelling.signal.reason);
    expect(tea.waiting).toEqual([]);

    await back();
    await tea.send('this one');
    await bob.sync();
    expect(await textsOf(same(bob, tea))).toEqual(['this one']);
    expect(await contentsOf(same(bob, tea))).toHaveLength(2 + 1);
    const hers = { name: tea.name, state: tea.state, epoch: tea.epoch };
    expect(hers).toEqual({ name: 'Tea', state: 'active', epoch: same(bob, tea).epoch });
    expect(alice.conversations.find('Tea').members.list()).toHaveLength(2);
  },
);

test('what is not cancelled while offline happens when the network is back', async () => {
  const { bob, tea, back } = await offline();
  const changing = Promise.all([tea.send('late'), tea.rename('Late'), tea.heal()]);
  await eventually('they wait', () => tea.waiting.length === 3);
  expect(tea.waiting.map(({ kind, state }) => `${kind} ${state}`)).toEqual([
    'message queued',
    'rename queued',
    'heal queued',
  ]);
  await back();
  await changing;
  expect(tea.waiting).toEqual([]);
  await bob.sync();
  expect([await textsOf(same(bob, tea)), same(bob, tea).name]).toEqual([['late'], 'Late']);
});

test('a cancelled message is shown as failed, and of several new names the others remain', async () => {
  const { tea } = await offline();
  const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()];
  const message = tea.send('never', one);
  const first = tea.rename('First', two);
  const second = tea.rename('Second', three);
  await eventually('they wait', () => tea.waiting.length === 3);
  one.abort();
  two.abort();
  await expect(message).rejects.toBe(one.signal.reason);
  await expect(first).rejects.toBe(two.signal.reason);
  expect(tea.name).toBe('Second');
  expect((await tea.history()).slice(-3).map(({ state }) => state)).toEqual(['failed', 'failed', 'queued']);
  three.abort();
  await expect(second).rejects.toBe(three.signal.reason);
  expect(tea.name).toBe('Tea');
});

test('a conversation whose making is cancelled while offline is gone', async () => {
  const { alice, back } = await offline();
  const cancelling = new AbortController();
  const making = alice.conversations.create({ name: 'Never', members: [], signal: cancelling.signal });
  await eventually('it is there', () => alice.conversations.list().length === 2);
  cancelling.abort();
  await expect(making).rejects.toBe(cancelling.signal.reason);
  await back();
  expect(alice.conversations.list().map(({ name }) => name)).toEqual(['Tea']);
});

test('what was said in a conversation whose making is cancelled fails with it, and nothing of it is kept', async () => {
  const inner = memoryStorage();
  const { alice } = await offline({ storage: inner });
  const cancelling = new AbortController();
  const making = alice.conversations.create({ name: 'Never', members: [], signal: cancelling.signal });
  await eventually('it is there', () => alice.conversations.list().length === 2);
  const never = alice.conversations.find('Never');
  await never.setDraft('unsent');
  const inside = Promise.allSettled([never.send('lost?'), never.rename('Ever')]);
  await eventually('they wait', () => never.waiting.length === 2);
  cancelling.abort();
  await expect(making).rejects.toBe(cancelling.signal.reason);
  const told = { status: 'rejected', reason: { code: 'CONVERSATION_NOT_FOUND', retryable: false } };
  expect(await inside).toMatchObject([told, told]);
  const keys = (await inner.scan({ prefix: '' })).map(({ key }) => key);
  expect(keys.filter((key) => key.includes(never.id))).toEqual([]);
});

test('many that one signal cancels at once are all cancelled', async () => {
  const { tea } = await offline();
  const all = new AbortController();
  const sending = Array.from({ length: 100 }, (_, i) => tea.send(`never ${i}`, { signal: all.signal }));
  await eventually('they wait', () => tea.waiting.length === 100);
  all.abort();
  const results = await Promise.allSettled(sending);
  expect(results.filter(({ status }) => status === 'rejected')).toHaveLength(100);
  expect(tea.waiting).toEqual([]);
});

test.each([true, false])(
  'what may have left the device is not called cancelled, and arrives (live: %s)',
  async (live) => {
    const net = network();
    const alice = await town.join('alice', { live, platform: net.platform });
    const tea = await alice.conversations.create({ members: [] });
    net.fail(({ procedure }) => (procedure === 'groups.post' ? reset() : undefined));
    const cancelling = new AbortController();
    const sending = tea.send('on its way', { signal: cancelling.signal });
    await eventually('it was tried', () => net.calls.includes('groups.post'));
    expect(tea.waiting).toMatchObject([{ kind: 'message', state: 'sending' }]);
    cancelling.abort();
    await expect(sending).rejects.toMatchObject({ code: 'TOO_LATE_TO_CANCEL', retryable: false });
    net.mend();
    if (!live) await alice.sync();
    await eventually('it arrives', () => tea.lastMessage?.state === 'sent');
  },
);

test('what waits behind something that fails can be cancelled, adding members too', async () => {
  const net = network();
  const carol = await town.join('carol');
  const alice = await town.join('alice', { live: true, platform: net.platform });
  const tea = await alice.conversations.create({ members: [] });
  net.fail(({ procedure }) => (procedure === 'groups.post' ? reset() : undefined));
  const sending = tea.send('first');
  await eventually('it was tried', () => net.calls.includes('groups.post'));
  const cancelling = new AbortController();
  const adding = tea.members.add([carol.handle], { signal: cancelling.signal });
  await eventually('it waits', () => tea.waiting.length === 2);
  expect(tea.waiting[1]).toMatchObject({ kind: 'add', handles: [carol.handle], state: 'queued' });
  cancelling.abort();
  await expect(adding).rejects.toBe(cancelling.signal.reason);
  net.mend();
  await sending;
  expect([tea.members.list().length, tea.waiting]).toEqual([1, []]);
});

test('who is added although it was too late to cancel that learns the name of the conversation', async () => {
  const net = network();
  const carol = await town.join('carol');
  const alice = await town.join('alice', { live: true, platform: net.platform });
  const tea = await alice.conversations.create({ name: 'Tea', members: [] });
  net.fail(({ procedure }) => (procedure === 'groups.commit' ? reset() : undefined));
  const cancelling = new AbortController();
  const adding = tea.members.add([carol.handle], { signal: cancelling.signal });
  await eventually('it was tried', () => tea.waiting[0]?.state === 'sending');
  cancelling.abort();
  await expect(adding).rejects.toMatchObject({ code: 'TOO_LATE_TO_CANCEL' });
  net.mend();
  await eventually('Carol has been told the name', async () => {
    await carol.sync();
    return carol.conversations.list()[0]?.name === 'Tea';
  });
});

test('a new name is not called accepted if this member was removed before it was sent', async () => {
  const { bob, alice, tea, back } = await offline();
  const naming = tea.rename('Never').catch((error: unknown) => error);
  await eventually('it waits', () => tea.waiting.length === 1);
  await same(bob, tea).members.remove([alice.handle]);
  await back();
  expect(await naming).toMatchObject({ code: 'CONVERSATION_ENDED' });
  expect(tea.name).toBe('Tea');
});

test('of two who want the group to heal, one can change their mind', async () => {
  const { tea, back } = await offline();
  const cancelling = new AbortController();
  const [mine, another] = [tea.heal({ signal: cancelling.signal }), tea.heal()];
  await eventually('it waits', () => tea.waiting.length === 1);
  const { epoch } = tea;
  cancelling.abort();
  await expect(mine).rejects.toBe(cancelling.signal.reason);
  await back();
  expect(await another).toEqual({ epoch: epoch + 1 });
});

test('another tab sends what waits here, and not what was cancelled here', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-device-')), 'device.db');
  const { bob, tea } = await offline({ storage: await sqliteStorage(path) });
  const cancelling = new AbortController();
  const cancelled = tea.send('never', { signal: cancelling.signal });
  const sending = tea.send('through the other tab', { signal: new AbortController().signal });
  await eventually('they wait', () => tea.waiting.length === 2);
  cancelling.abort();
  await expect(cancelled).rejects.toBe(cancelling.signal.reason);
  const other = await town.open({ storage: sqliteStorage(path) });
  await other.sync();
  await sending;
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['through the other tab']);
});

test('a signal that is aborted before does nothing at all', async () => {
  const { tea } = await offline();
  const length = (await tea.history()).length;
  for (const [, change] of changes) {
    const signal = AbortSignal.abort();
    await expect(change(tea, { signal })).rejects.toBe(signal.reason);
  }
  expect([tea.waiting, (await tea.history()).length, tea.state]).toEqual([[], length, 'active']);
});
