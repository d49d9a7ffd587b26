import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { StorageConflict } from '../src/storage/storage.ts';
import { counted } from './support/counted.ts';
import { network } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** How often each of these messages can be sent without healing. */
const update = { afterMessages: 10_000 };

/** Alice, who counts her storage's commits, in a conversation with Bob. */
async function pair() {
  const storage = counted(memoryStorage());
  const net = network();
  const bob = await town.join('bob');
  const alice = await town.join('alice', { storage, update, platform: net.platform });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  return { storage, net, alice, bob, tea };
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `text ${i}`);
}

test('a message that nothing waits before costs two commits of the store', async () => {
  const { storage, tea } = await pair();
  const before = storage.commits();
  await tea.send('one');
  await tea.send('two');
  expect(storage.commits() - before).toBe(4);
});

test('messages that are sent at once are stored in one commit, in the order of the calls', async () => {
  const { storage, net, bob, tea } = await pair();
  net.fail(({ procedure }) => (procedure === 'groups.post' ? new TypeError('fetch failed') : undefined));
  const before = storage.commits();
  const sending = texts(100).map((text) => tea.send(text));
  const waiting = () => new Promise<void>((resolve) => setImmediate(resolve));
  while (tea.waiting.length < 100) await waiting();
  expect(storage.commits() - before).toBe(1);
  net.mend();
  await Promise.all(sending);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(100));
});

test('messages that are sent while another one is stored are stored together in the next commit', async () => {
  const { storage, bob, tea } = await pair();
  const later: Promise<unknown>[] = [];
  const sizes: number[] = [];
  storage.beforeCommit((writes) => {
    sizes.push(writes.filter(({ key }) => key.startsWith('message/')).length);
    if (later.length === 0) later.push(...texts(10).map((text) => tea.send(text)));
  });
  await tea.send('first');
  await Promise.all(later);
  expect(sizes.slice(0, 2)).toEqual([1, 10]);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['first', ...texts(10)]);
});

test('of messages that are sent at once each one has its own result or error', async () => {
  const { alice, bob, tea } = await pair();
  const left = await alice.conversations.create({ members: [] });
  await left.leave();
  const cancelling = new AbortController();
  const sending = [
    tea.send('one'),
    tea.send(''),
    tea.send('x'.repeat(70_000)),
    left.send('to nobody'),
    tea.send('never', { signal: cancelling.signal }),
    tea.rename('Tea'),
    tea.send('two'),
  ];
  cancelling.abort();
  const results = await Promise.allSettled(sending);
  const codes = results.map((result) =>
    result.status === 'fulfilled' ? 'sent' : (result.reason as { code: unknown }).code,
  );
  expect(codes).toEqual([
    'sent',
    'INVALID_ARGUMENT',
    'MESSAGE_TOO_LARGE',
    'CONVERSATION_ENDED',
    DOMException.ABORT_ERR,
    'sent',
    'sent',
  ]);
  await bob.sync();
  expect([await textsOf(same(bob, tea)), same(bob, tea).name]).toEqual([['one', 'two'], 'Tea']);
  expect((await tea.history()).map(({ state }) => state)).not.toContain('failed');
});

test('of messages that are sent around leaving, those before it are sent and those after it are refused', async () => {
  const { bob, tea } = await pair();
  const [before, leaving, after] = [tea.send('goodbye'), tea.leave(), tea.send('one more thing')];
  await expect(after).rejects.toMatchObject({ code: 'CONVERSATION_ENDED' });
  await Promise.all([before, leaving]);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['goodbye']);
});

test('messages that are stored again after another tab came first are stored once', async () => {
  const { storage, bob, tea } = await pair();
  let conflicts = 2;
  storage.beforeCommit(() => {
    if (conflicts-- > 0) throw new StorageConflict();
  });
  await Promise.all(texts(5).map((text) => tea.send(text)));
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(5));
});
