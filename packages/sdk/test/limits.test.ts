import { join } from 'node:path';
import { LIMITS } from '@quicprochat/protocol';
import { eventually } from '@quicprochat/testkit';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { network, refused } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** What a proxy before the relay answers. */
const fromProxy = (status: number, headers: Record<string, string> = {}) =>
  new Response('<html>', { status, headers: { 'content-type': 'text/html', ...headers } });

test.each(['QUOTA_EXCEEDED', 'PAYLOAD_TOO_LARGE', 'BAD_INPUT'] as const)(
  'a live client takes its invitations although the relay refuses its key packages for good: %s',
  async (code) => {
    const storage = memoryStorage();
    const registered = await town.join('bob', { storage: { ...storage, close: async () => undefined } });
    await registered.close();
    const net = network();
    let isRefused = false;
    net.fail(({ procedure }) => {
      if (procedure !== 'keyPackages.publish') return undefined;
      isRefused = true;
      return refused(code);
    });
    net.lie('keyPackages.status', ({ pools }: { pools: object[] }) => ({
      pools: pools.map(() => ({ available: 0, lastResort: true })),
    }));
    const bob = await town.open({ storage, live: true, platform: net.platform });
    await eventually('it is online', () => bob.connection === 'online');
    expect(isRefused).toBe(true);
    const alice = await town.join('alice');
    await alice.conversations.create({ members: [bob.handle] });
    await eventually('Bob is in', () => bob.conversations.list().length === 1);
  },
);

test('a client that does not stay ends at once if the relay asks for more time than it has, and keeps the message', async () => {
  const net = network();
  const alice = await town.join('alice', { platform: net.platform });
  const tea = await alice.conversations.create({ members: [] });
  net.failNext('groups.post', () => refused('RATE_LIMITED', 429, { retryAfterMs: 60_000 }));
  await expect(tea.send('later')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    details: { queued: true, retryAfterMs: 60_000 },
  });
  expect(net.calls.filter((procedure) => procedure === 'groups.post')).toHaveLength(1);
  await alice.sync();
  expect(tea.lastMessage).toMatchObject({ state: 'sent', content: { text: 'later' } });
});

test.each([
  [undefined, 'Wait a moment, then try again.'],
  [120_000, 'Wait a moment, then try again.'],
  [300_000, 'Try again in about 5 minutes.'],
  [5 * 3_600_000 + 1, 'Try again in about 6 hours.'],
  [Number.MAX_SAFE_INTEGER, 'Wait a moment, then try again.'],
  ['soon', 'Wait a moment, then try again.'],
])('a limit that lasts for %s is told with the time to come back', async (retryAfterMs, sentence) => {
  const net = network();
  const alice = await town.join('alice', { platform: net.platform });
  net.failNext('keyPackages.claim', () => refused('RATE_LIMITED', 429, { retryAfterMs }));
  await expect(alice.conversations.create({ members: ['somebody'] })).rejects.toThrow(
    `The relay received too many requests. ${sentence}`,
  );
});

test('what a proxy refuses as too large goes in smaller parts, and a change that is larger fails alone', async () => {
  const net = network();
  const bob = await town.join('bob');
  const alice = await town.join('alice', { platform: net.platform });
  const tea = await alice.conversations.create({ members: [] });
  // Smaller than a commit that adds somebody, and larger than a short message.
  net.fail(({ body }) => (body.length > 3_000 ? fromProxy(413) : undefined));
  const adding = tea.members.add([bob.handle]);
  const sending = Promise.all(Array.from({ length: 12 }, (_, i) => tea.send(`text ${i}`)));
  await expect(adding).rejects.toMatchObject({ code: 'PAYLOAD_TOO_LARGE', retryable: false });
  await sending;
  expect(tea.waiting).toEqual([]);
  net.mend();
  await tea.members.add([bob.handle]);
  await tea.send('welcome');
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['welcome']);
});

test('what a proxy says of too many calls is told from a wrong address, with the time to come back', async () => {
  const net = network();
  const alice = await town.join('alice', { platform: net.platform });
  const tea = await alice.conversations.create({ members: [] });
  net.failNext('groups.post', () => fromProxy(429, { 'retry-after': '60' }));
  await expect(tea.send('later')).rejects.toMatchObject({
    code: 'RATE_LIMITED',
    details: { queued: true, retryAfterMs: 60_000 },
  });
  // Without a time it is tried again like any passing failure.
  net.failNext('groups.post', () => fromProxy(429));
  await tea.send('at once');
  expect(await textsOf(tea)).toEqual(['later', 'at once']);
  expect(tea.waiting).toEqual([]);
});

test.each([
  ['quotation marks, which JSON escapes', '"', 2],
  ['control characters, which it escapes with six', '\u0001', 6],
  ['characters of three bytes', '€', 3],
  ['characters of two UTF-16 units and four bytes', '😀', 4],
  ['halves of surrogate pairs', '\ud83d', 6],
])('a text is measured as it is sent: %s', async (_, filler, bytes) => {
  const bob = await town.join('bob');
  const alice = await town.join('alice');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  const empty = JSON.stringify({
    v: 1,
    id: '0'.repeat(32),
    at: Date.now(),
    type: 'text',
    text: '',
    again: true,
  });
  const room = 64 * 1024 - empty.length;
  const longest = filler.repeat(Math.floor(room / bytes)) + '.'.repeat(room % bytes);
  await expect(tea.send(`${longest}.`)).rejects.toMatchObject({ code: 'MESSAGE_TOO_LARGE' });
  await tea.send(longest);
  await bob.sync();
  expect((await textsOf(same(bob, tea))).map((text) => text === longest)).toEqual([true]);
});

test('a session that has run out is replaced in the same call', async () => {
  const net = network();
  const alice = await town.join('alice', { platform: net.platform });
  const logins = () => net.calls.filter((procedure) => procedure === 'auth.login').length;
  const before = logins();
  net.failNext('keyPackages.status', () => refused('UNAUTHENTICATED', 401));
  await alice.sync();
  expect(logins()).toBe(before + 1);
});

test('a ticket that has run out is replaced by the next try', async () => {
  const net = network();
  const alice = await town.join('alice', { platform: net.platform, live: true });
  await eventually('it is online', () => alice.connection === 'online');
  let left = 2;
  net.fail(({ procedure }) =>
    procedure === 'streams.events' && left-- > 0 ? refused('UNAUTHENTICATED', 401) : undefined,
  );
  alice.reconnect();
  await eventually('it was refused', () => left <= 0);
  await eventually('it is online again', () => alice.connection === 'online');
});

test('marking as read reads a long history in parts', async () => {
  const storage = memoryStorage();
  const parts: number[] = [];
  const scan: typeof storage.scan = async (range) => {
    const rows = await storage.scan(range);
    if (range.prefix.startsWith('message/')) parts.push(rows.length);
    return rows;
  };
  const alice = await town.join('alice', {
    storage: { ...storage, scan },
    update: { afterMessages: 10_000 },
  });
  const bob = await town.join('bob', { update: { afterMessages: 10_000 } });
  const tea = await bob.conversations.create({ members: [alice.handle] });
  await Promise.all(Array.from({ length: 450 }, (_, i) => tea.send(`text ${i}`)));
  await alice.sync();
  parts.length = 0;
  await same(alice, tea).markRead(3);
  expect(same(alice, tea).unread).toBe(448);
  expect(parts.reduce((sum, rows) => sum + rows)).toBeGreaterThan(447);
  expect(Math.max(...parts)).toBe(200);
});

test('a message that arrives while a long history is counted stays unread', async () => {
  const storage = memoryStorage();
  let whileCounting: (() => Promise<void>) | undefined;
  const scan: typeof storage.scan = async (range) => {
    const rows = await storage.scan(range);
    const arrive = range.prefix.startsWith('message/') ? whileCounting : undefined;
    whileCounting = arrive === undefined ? whileCounting : undefined;
    await arrive?.();
    return rows;
  };
  const alice = await town.join('alice', { storage: { ...storage, scan } });
  const bob = await town.join('bob');
  const tea = await bob.conversations.create({ members: [alice.handle] });
  for (const text of ['one', 'two', 'three']) await tea.send(text);
  await alice.sync();
  const here = same(alice, tea);
  whileCounting = async () => {
    await tea.send('four');
    await alice.sync();
  };
  await here.markRead((here.lastMessage?.position ?? NaN) - 1);
  expect(here.unread).toBe(2);
});

test('who cannot be added because their inbox is full is named, nothing is changed, and once they were online it works', async () => {
  const bob = await town.join('bob');
  const carol = await town.join('carol');
  const alice = await town.join('alice');
  await alice.conversations.create({ members: [bob.handle] });
  const database = new Sqlite(join(town.relay().folder, 'relay.db'), { timeout: 5_000 });
  const filled = database
    .prepare(
      'UPDATE inbox_heads SET sequence = ? WHERE device_id = (SELECT device_id FROM devices WHERE handle = ?)',
    )
    .run(LIMITS.maxInboxWelcomes, bob.handle);
  database.close();
  expect(filled.changes).toBe(1);
  const tea = await alice.conversations.create({ members: [carol.handle] });
  const added = tea.members.add([bob.handle]);
  await expect(added).rejects.toMatchObject({ code: 'QUOTA_EXCEEDED', details: { handle: bob.handle } });
  await expect(added).rejects.toThrow(`${bob.handle} cannot be added now`);
  await expect(alice.conversations.create({ members: [bob.handle] })).rejects.toMatchObject({
    code: 'QUOTA_EXCEEDED',
  });
  const sizes = alice.conversations.list().map(({ members }) => members.list().length);
  expect(sizes.sort()).toEqual([1, 2, 2]);
  await tea.send('without Bob');
  await carol.sync();
  expect(await textsOf(same(carol, tea))).toEqual(['without Bob']);
  await bob.sync();
  await tea.members.add([bob.handle]);
  await tea.send('with Bob');
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['with Bob']);
});
