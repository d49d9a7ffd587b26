import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LIMITS } from '@quicprochat/protocol';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { ClientOptions } from '../src/api/client.ts';
import type { Platform } from '../src/platform/platform.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import type { Storage } from '../src/storage/storage.ts';
import type { Request } from '../src/worker/protocol.ts';
import { counted } from './support/counted.ts';
import { network, refused, reset } from './support/network.ts';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** Nobody heals in between, unless a test says so. */
const update = { afterMessages: 10_000 };

interface Post {
  epoch: number;
  entries: { id: string; message: string }[];
}

/** Alice, whose network and storage the test has in its hand, in a conversation with Bob. */
async function pair(options: Partial<ClientOptions> = {}) {
  const storage = counted(memoryStorage());
  const net = network();
  const posts: Post[] = [];
  const platform = { ...net.platform, ...options.platform, net: { fetch: recorded(net, posts) } };
  const bob = await town.join('bob', { update });
  const alice = await town.join('alice', { storage: unclosed(storage), update, ...options, platform });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  return { storage, net, posts, platform, alice, bob, tea };
}

/** Keeps what is posted, whatever becomes of it. */
function recorded(
  { platform: { net } }: ReturnType<typeof network>,
  posts: Post[],
): Platform['net']['fetch'] {
  return async (input, init) => {
    const request = new Request(input, init);
    if (new URL(request.url).pathname.endsWith('groups.post'))
      posts.push((await request.clone().json()) as Post);
    return net.fetch(request);
  };
}

/** For several clients, one after another. */
function unclosed(storage: Storage): Storage {
  return {
    ...storage,
    commit: (writes, expected) => storage.commit(writes, expected),
    close: async () => undefined,
  };
}

function texts(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `text ${i}`);
}

const sizes = (posts: readonly Post[]) => posts.map(({ entries }) => entries.length);

/** What was posted of each message, by epoch and id. */
function ciphertexts(posts: readonly Post[]): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const { epoch, entries } of posts)
    for (const { id, message } of entries) {
      const key = `${epoch} ${id}`;
      found.set(key, (found.get(key) ?? new Set()).add(message));
    }
  return found;
}

test('messages that wait together are sealed in one commit, sent in one call and settled in one commit', async () => {
  const { storage, net, posts, bob, tea } = await pair();
  const [commits, reads] = [storage.commits(), net.calls.filter((call) => call === 'groups.read').length];
  await Promise.all(texts(130).map((text) => tea.send(text)));
  expect(sizes(posts)).toEqual([64, 64, 2]);
  expect(storage.commits() - commits).toBe(6);
  expect(net.calls.filter((call) => call === 'groups.read')).toHaveLength(reads);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(130));
});

test('large messages go out in as many calls as the relay’s limit needs', async () => {
  const { posts, bob, tea } = await pair();
  const large = texts(66).map((text) => text.padEnd(65_300, '.'));
  await Promise.all(large.map((text) => tea.send(text)));
  const bytes = posts.map(({ entries }) =>
    entries.reduce((sum, { message }) => sum + message.length * 0.75, 0),
  );
  expect(Math.max(...bytes)).toBeLessThanOrEqual(LIMITS.maxPostBytes);
  expect(sizes(posts)).toHaveLength(2);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(large);
});

test('messages whose answer is lost go out again byte for byte, and stand in the log once', async () => {
  const { net, posts, bob, tea } = await pair();
  net.loseNext('groups.post');
  await Promise.all(texts(20).map((text) => tea.send(text)));
  expect(posts.length).toBeGreaterThan(1);
  expect([...ciphertexts(posts).values()].map(({ size }) => size)).toEqual(texts(20).map(() => 1));
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(20));
});

test('a client that dies between sending and storing the answer finds the messages in the log, and sends none again', async () => {
  const { storage, posts, platform, alice, bob, tea } = await pair();
  // The first commit stores and seals the messages, the second one would settle them.
  let left = 1;
  storage.beforeCommit(() => {
    if (left-- <= 0) throw new Error('the power is gone');
  });
  const sending = Promise.allSettled(texts(20).map((text) => tea.send(text)));
  await eventually('the answer cannot be stored', () => left < 0);
  await alice.close();
  await sending;
  storage.beforeCommit(() => undefined);

  const again = await town.open({ storage: unclosed(storage), platform, update });
  await same(again, tea).send('after that');
  expect(sizes(posts)).toEqual([20, 1]);
  expect([...ciphertexts(posts).values()].map(({ size }) => size)).toEqual(Array(21).fill(1));
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual([...texts(20), 'after that']);
  expect(await textsOf(same(again, tea))).toEqual([...texts(20), 'after that']);
});

test('messages for an epoch that has ended are all sealed again for the next one', async () => {
  const { net, posts, bob, tea } = await pair();
  net.delayNext('groups.post', async () => {
    await same(bob, tea).heal();
  });
  await Promise.all(texts(20).map((text) => tea.send(text)));
  expect(posts.map(({ epoch, entries }) => [epoch, entries.length])).toEqual([
    [1, 20],
    [2, 20],
  ]);
  expect(new Set([...ciphertexts(posts).values()].flatMap((seen) => [...seen])).size).toBe(40);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(20));
});

test('messages that got in before the epoch ended are found in the log, and not sent again', async () => {
  const { net, posts, platform, storage, alice, bob, tea } = await pair();
  net.loseNext('groups.post');
  const sending = Promise.allSettled(texts(3).map((text) => tea.send(text)));
  await eventually('they were sent', () => posts.length === 1 && net.calls.at(-1) === 'groups.post');
  await alice.close();
  await sending;
  await bob.sync();
  await same(bob, tea).heal();

  const again = await town.open({ storage: unclosed(storage), platform, update });
  await same(again, tea).send('in the next epoch');
  expect(posts.at(-1)).toMatchObject({ epoch: 2, entries: [{}] });
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual([...texts(3), 'in the next epoch']);
});

test('what others sent between the parts of a batch stands between them for everyone', async () => {
  const { net, posts, alice, bob, tea } = await pair();
  net.loseNext('groups.post');
  const sending = Promise.all([tea.send('one'), tea.send('two')]);
  await eventually('they were sent', () => posts.length === 1 && net.calls.at(-1) === 'groups.post');
  await bob.sync();
  await same(bob, tea).send('between');

  await Promise.all([tea.send('three'), tea.send('four')]);
  // After a lost answer fewer go at once. The third call has one message that is stored, and one that is not.
  expect(sizes(posts)).toEqual([2, 1, 2, 1]);
  await sending;
  await syncAll(alice, bob);
  const expected = ['one', 'two', 'between', 'three', 'four'];
  expect(await textsOf(same(bob, tea))).toEqual(expected);
  const { receipts } = tea.statement ?? expect.unreachable();
  expect(receipts.at(-1)).toEqual(same(bob, tea).statement?.receipts.at(-1));
  expect((await textsOf(tea)).sort()).toEqual(expected.sort());
  expect(tea.waiting).toEqual([]);
});

test('a batch counts only with a receipt for all of it; otherwise the log is read', async () => {
  const { net, bob, tea } = await pair();
  await tea.send('first');
  const earlier = tea.statement?.receipts.at(-1)?.head ?? expect.unreachable();
  net.lie('groups.post', (posted: { receipt: object }) => ({
    ...posted,
    receipt: { ...posted.receipt, head: earlier },
  }));
  const reads = () => net.calls.filter((call) => call === 'groups.read').length;
  const before = reads();
  await Promise.all(texts(5).map((text) => tea.send(text)));
  expect(reads()).toBeGreaterThan(before);
  expect(tea.statement?.receipts.at(-1)?.head).not.toBe(earlier);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['first', ...texts(5)]);
});

test('a message that the relay rejects fails alone, and those around it are sent', async () => {
  const { net, posts, bob, tea } = await pair();
  let bad: string | undefined;
  net.fail(({ procedure, body }) => {
    if (procedure !== 'groups.post') return undefined;
    bad ??= tea.waiting[12]?.id;
    return bad !== undefined && body.includes(bad) ? refused('PAYLOAD_TOO_LARGE', 413) : undefined;
  });
  const results = await Promise.allSettled(texts(30).map((text) => tea.send(text)));
  const failed = results.flatMap((result, i) =>
    result.status === 'rejected' ? [[i, result.reason as unknown]] : [],
  );
  expect(failed).toEqual([[12, expect.objectContaining({ code: 'PAYLOAD_TOO_LARGE' })]]);
  expect(posts.length).toBeLessThan(20);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(30).toSpliced(12, 1));
  expect((await tea.history()).filter(({ state }) => state === 'failed')).toHaveLength(1);
});

test('a message that cannot be sealed fails alone, and those around it are sent', async () => {
  const inner = network().platform;
  const spawnWorker: Platform['spawnWorker'] = (source) => {
    const port = inner.spawnWorker(source);
    const post = (message: unknown) => {
      const request = message as Request;
      if (request.name !== 'group.encrypt') return port.post(message);
      const plaintexts = request.data.plaintexts.map((bytes) =>
        Buffer.from(bytes).includes('text 7"') ? new Uint8Array(70_000) : bytes,
      );
      port.post({ ...request, data: { ...request.data, plaintexts } });
    };
    return { ...port, post };
  };
  const { alice, bob, tea } = await pair({ platform: { ...inner, spawnWorker } });
  const other = await alice.conversations.create({ members: [] });
  const sending = [...texts(12).map((text) => tea.send(text)), other.send('elsewhere')];
  const results = await Promise.allSettled(sending);
  const failed = results.flatMap((result, i) =>
    result.status === 'rejected' ? [[i, result.reason as unknown]] : [],
  );
  expect(failed).toEqual([[7, expect.objectContaining({ code: 'BAD_INPUT' })]]);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(12).toSpliced(7, 1));
  expect(await textsOf(other)).toEqual(['elsewhere']);
});

test('while a batch is on its way, what waits behind it can be cancelled, and what is in it cannot', async () => {
  const { net, posts, bob, tea } = await pair({ live: true });
  let goOn: () => void = () => undefined;
  net.delayNext('groups.post', () => new Promise((resolve) => (goOn = resolve)));
  const [inside, behind] = [new AbortController(), new AbortController()];
  const sending = texts(70).map((text, i) => {
    if (i === 10) return tea.send(text, inside);
    return i === 66 ? tea.send(text, behind) : tea.send(text);
  });
  const settled = Promise.allSettled(sending);
  await eventually('the first are on their way', () => posts.length === 1);
  expect(tea.waiting.map(({ state }) => state)).toEqual(
    texts(70).map((_, i) => (i < 64 ? 'sending' : 'queued')),
  );
  inside.abort();
  behind.abort();
  await expect(sending[10]).rejects.toMatchObject({ code: 'TOO_LATE_TO_CANCEL' });
  await expect(sending[66]).rejects.toBe(behind.signal.reason);
  goOn();
  await settled;
  expect(sizes(posts)).toEqual([64, 5]);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(70).toSpliced(66, 1));
});

test('a message in the middle of those that wait for the network can be cancelled', async () => {
  const { net, posts, alice, bob, tea } = await pair({ live: true });
  await eventually('she is online', () => alice.connection === 'online');
  net.fail(() => reset());
  await tea.heal({ signal: AbortSignal.timeout(1) }).catch(() => undefined);
  await eventually('she is offline', () => alice.connection === 'offline');
  const cancelling = new AbortController();
  const sending = texts(9).map((text, i) => tea.send(text, i === 4 ? cancelling : {}));
  const settled = Promise.allSettled(sending);
  await eventually('they wait', () => tea.waiting.filter(({ kind }) => kind === 'message').length === 9);
  cancelling.abort();
  await expect(sending[4]).rejects.toBe(cancelling.signal.reason);
  net.mend();
  await settled;
  expect(sizes(posts)).toEqual([8]);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(9).toSpliced(4, 1));
});

test('fewer messages go at once over a link that breaks under more', async () => {
  const { net, posts, bob, tea } = await pair({ live: true });
  net.fail(({ procedure, body }) =>
    procedure === 'groups.post' && body.length > 12_000 ? reset() : undefined,
  );
  await Promise.all(texts(40).map((text) => tea.send(text)));
  expect([...ciphertexts(posts).values()].map(({ size }) => size)).toEqual(texts(40).map(() => 1));
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(40));
});

test('a batch ends with the message with which healing falls due, and healing goes before the rest', async () => {
  const { posts, bob, tea } = await pair({ update: { afterMessages: 10 } });
  await Promise.all(texts(25).map((text) => tea.send(text)));
  expect(posts.map(({ epoch, entries }) => [epoch, entries.length])).toEqual([
    [1, 10],
    [2, 10],
    [3, 5],
  ]);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts(25));
});

test('two tabs and another member that send many at once: nothing is lost or doubled, and order is kept', async () => {
  const path = join(await mkdtemp(join(tmpdir(), 'qpc-device-')), 'device.db');
  const left = await town.join('alice', {
    storage: sqliteStorage(path),
    live: true,
    update: { afterMessages: 30 },
  });
  const bob = await town.join('bob', { live: true });
  const { id } = await left.conversations.create({ members: [bob.handle] });
  const right = await town.open({ storage: sqliteStorage(path), live: true, update: { afterMessages: 30 } });
  await eventually('Bob is in', () => bob.conversations.list().length === 1);
  const views = [left, right, bob].map((client) => client.conversations.find(id));
  const said = ['left', 'right', 'bob'].map((who) => texts(40).map((text) => `${who} ${text}`));
  await Promise.all(views.flatMap((view, i) => said[i]?.map((text) => view.send(text)) ?? []));
  for (const view of views) {
    await eventually('it shows all', async () => (await textsOf(view)).length >= 120);
    const shown = await textsOf(view);
    for (const own of said) expect(shown.filter((text) => own.includes(text))).toEqual(own);
    expect(shown).toHaveLength(120);
  }
});
