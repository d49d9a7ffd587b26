import { setTimeout as sleep } from 'node:timers/promises';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { LIMITS, toBase64Url, type StreamEvent, type WelcomeParts } from '@quicprochat/protocol';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { localWake, nodePlatform } from '../src/index.ts';
import { hashOf } from '../src/store/secrets.ts';
import { apiOf, codeOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup, welcomeFor } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

let relay: TestRelay;
let count = 0;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const newGroup = (url = relay.url) => new TestGroup(url).create();
const newDevice = () => new TestDevice(relay.url, `listener-${++count}`).register();

async function openGroups(...groups: ReturnType<TestGroup['streamInput']>[]): Promise<TestStream> {
  const { ticket } = await apiOf(relay.url).groups.openStream.mutate({ groups });
  return TestStream.open(relay.url, ticket);
}

/** What the one joiner of a Welcome gets of it. */
const wireOf = ({ shared, joiners }: WelcomeParts) => ({
  shared: toBase64Url(shared),
  secrets: toBase64Url(joiners[0]?.secrets ?? new Uint8Array()),
});

const texts = (events: readonly StreamEvent[]) =>
  events.flatMap((event) =>
    event.type === 'group-entry' ? [Buffer.from(event.entry.payload, 'base64url').toString()] : [],
  );

test('RLY-61 what was there and what comes: once and in order', async () => {
  const group = await newGroup();
  await group.post('1');
  await group.post('2');
  await using stream = await openGroups(group.streamInput({ cursor: 1 }));
  expect(await stream.take(2)).toMatchObject([{ type: 'open' }, { entry: { sequence: 2 } }]);
  for (const text of ['3', '4', '5']) await group.post(text);
  expect(texts(await stream.take(3))).toEqual(['3', '4', '5']);
});

test('RLY-61 nothing is missed or doubled while writes go on, and a broken stream resumes by its cursor', async () => {
  const group = await newGroup();
  const writing = (async () => {
    for (let i = 1; i <= 120; i += 1) await group.post(String(i));
  })();
  const received: number[] = [];
  while (received.length < 120) {
    await using stream = await openGroups(group.streamInput({ cursor: received.at(-1) ?? 0 }));
    for (let i = 0; i < 40 && received.length < 120;) {
      const event = await stream.next();
      if (event?.type !== 'group-entry') continue;
      received.push(event.entry.sequence);
      i += 1;
    }
  }
  await writing;
  expect(received).toEqual(Array.from({ length: 120 }, (_, i) => i + 1));
});

test('RLY-61 one stream carries several groups, and a long log does not keep the others waiting', async () => {
  const [long, short] = [await newGroup(), await newGroup()];
  for (let i = 0; i < 120; i += 1) await long.post(`long ${i}`);
  await short.post('short');
  await using stream = await openGroups(long.streamInput(), short.streamInput());
  const received = texts(await stream.take(122));
  expect(received.indexOf('short')).toBeLessThan(60);
  expect(received.filter((text) => text.startsWith('long'))).toEqual(
    Array.from({ length: 120 }, (_, i) => `long ${i}`),
  );
});

test('RLY-61 the inbox stream gives Welcomes as they come', async () => {
  const device = await newDevice();
  const group = await newGroup();
  const [first, second] = [welcomeFor(device.id), welcomeFor(device.id)];
  await group.commit({ welcome: first });
  const { ticket } = await device.api.inbox.openStream.mutate({ cursor: 0 });
  await using stream = await TestStream.open(relay.url, ticket);
  expect(await stream.take(2)).toMatchObject([
    { type: 'open' },
    { type: 'inbox-entry', entry: { sequence: 1, groupId: group.id, groupSequence: 1, ...wireOf(first) } },
  ]);
  await group.commit({ welcome: second });
  expect(await stream.take(1)).toMatchObject([{ entry: { sequence: 2, ...wireOf(second) } }]);
});

test('RLY-36 RLY-62 the end of an epoch ends its part of the stream; with the last part the stream ends', async () => {
  const [first, second] = [await newGroup(), await newGroup()];
  await using stream = await openGroups(first.streamInput(), second.streamInput());
  await stream.take(1);
  await first.commit();
  await first.post('not for the old key');
  expect(await stream.take(2)).toMatchObject([
    { type: 'group-entry', entry: { kind: 'commit' } },
    { type: 'epoch-ended', groupId: first.id, epoch: 0 },
  ]);
  await second.post('still open');
  expect(texts(await stream.take(1))).toEqual(['still open']);
  await second.commit();
  await stream.take(2);
  expect(await stream.next()).toBeUndefined();
  expect(stream.end).toEqual({ type: 'closed' });
});

test('RLY-60 a ticket opens one stream, of however many at once', async () => {
  const group = await newGroup();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  const streams = await Promise.all(Array.from({ length: 10 }, () => TestStream.open(relay.url, ticket)));
  const firsts = await Promise.all(streams.map((stream) => stream.next()));
  expect(firsts.filter((event) => event?.type === 'open')).toHaveLength(1);
  const refused = streams.filter(({ end }) => end !== undefined);
  expect(refused.map(({ end }) => end)).toEqual(
    Array.from({ length: 9 }, () => ({ type: 'refused', code: 'REPLAYED' })),
  );
  await Promise.all(streams.map((stream) => stream[Symbol.asyncDispose]()));
});

test('RLY-60 a ticket that ran out or never was opens nothing, and the table holds hashes', async () => {
  const group = await newGroup();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  const bytes = Buffer.from(ticket, 'base64url');
  const hashes = (await relay.db.selectFrom('tickets').select('ticket_hash').execute()).map((row) =>
    row.ticket_hash.toString('hex'),
  );
  expect(hashes).toContain(hashOf(bytes).toString('hex'));
  expect(hashes).not.toContain(bytes.toString('hex'));
  relay.clock.advance(LIMITS.ticketLifetimeMs + 1);
  for (const void_ of [ticket, randomBytes(32).toString('base64url')]) {
    await using stream = await TestStream.open(relay.url, void_);
    expect(await stream.next()).toBeUndefined();
    expect(stream.end).toEqual({ type: 'refused', code: 'REPLAYED' });
  }
});

test('RLY-60 an EventSource that reconnects by itself is told that its ticket is used', async () => {
  const group = await newGroup();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  await using first = await TestStream.open(relay.url, ticket);
  await first.take(1);
  await using again = await TestStream.open(relay.url, ticket, { 'last-event-id': '' });
  expect(await again.next()).toBeUndefined();
  expect(again.end).toEqual({ type: 'refused', code: 'REPLAYED' });
});

test('RLY-63 a reader that does not read holds no more than a page, and keeps nobody waiting', async () => {
  const group = await newGroup();
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  // The relay whose memory this process can look at.
  const slow = connect(Number(new URL(relay.direct).port), '127.0.0.1');
  const input = encodeURIComponent(JSON.stringify({ ticket }));
  slow.write(`GET /trpc/streams.events?input=${input} HTTP/1.1\r\nHost: ${relay.host}\r\n\r\n`);
  await once(slow, 'readable');

  const payload = randomBytes(LIMITS.maxMessageBytes);
  await using quick = await openGroups(group.streamInput());
  await quick.take(1);
  const before = memory();
  for (let i = 0; i < 400; i += 1) {
    await group.post('', { payload });
    await quick.take(1);
  }
  // 400 messages of 128 kB as base64url are 50 MB. What nobody holds any more is given back within some rounds.
  for (let round = 0; round < 50 && memory() - before > 10_000_000; round += 1) await sleep(100);
  await vi.waitFor(() => expect(memory() - before).toBeLessThan(10_000_000), 20_000);

  let received = 0;
  for await (const chunk of slow) {
    received += (chunk as Buffer).toString().split('"group-entry"').length - 1;
    if (received >= 400) break;
  }
  expect(received).toBe(400);
}, 90_000);

/** Buffers and strings that are still referred to. */
function memory(): number {
  globalThis.gc?.();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

test('RLY-64 a stream ends by itself after its time', async () => {
  const brief = await startRelay({ streamLifetimeMs: 50 });
  try {
    const group = await newGroup(brief.url);
    const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
    await using stream = await TestStream.open(brief.url, ticket);
    await stream.take(1);
    expect(await stream.next()).toBeUndefined();
    expect(stream.end).toEqual({ type: 'closed' });
  } finally {
    await brief.close();
  }
});

test('RLY-64 a relay that shuts down ends its streams, finishes its calls and refuses new ones', async () => {
  const now = vi.fn(Date.now);
  const platform = { ...nodePlatform, now };
  // One connection, as SQLite has it for writing: who holds it keeps all others waiting. And no wake-ups without a reason.
  const leaving = await startRelay({ platform, connections: 1, instances: 1, wake: localWake() });
  const device = await new TestDevice(leaving.url, 'alice').register();
  const group = await newGroup(leaving.url);
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  await group.post('so that the stream has read the store, and waits');
  const stream = await TestStream.open(leaving.url, ticket);
  await stream.take(2);

  // While the test holds the connection, a call that has begun cannot end.
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const holding = leaving.db.transaction().execute(() => held);
  now.mockClear();
  const begun = device.api.inbox.acknowledge.mutate({ sequence: 0 });
  await vi.waitFor(() => expect(now).toHaveBeenCalled());
  const closed = leaving.close();
  expect(await codeOf(group.post('too late'))).toBe('UNAVAILABLE');
  expect(await stream.next()).toBeUndefined();
  expect(stream.end).toEqual({ type: 'closed' });

  release();
  await holding;
  expect(await begun).toEqual({});
  await closed;
  expect(leaving.faults).toEqual([]);
});

test('RLY-63 listeners go with their streams', async () => {
  const wake = localWake();
  const stops: unknown[] = [];
  const watched = {
    ...wake,
    listen: vi.fn((...args: Parameters<typeof wake.listen>) => {
      const stop = wake.listen(...args);
      return () => void stops.push(stop());
    }),
  };
  const own = await startRelay({ wake: watched, instances: 1 });
  try {
    const group = await newGroup(own.url);
    for (let i = 0; i < 3; i += 1) {
      const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
      const stream = await TestStream.open(own.url, ticket);
      await stream.take(1);
      await stream[Symbol.asyncDispose]();
      // Of its log, which two streams at once would share, and of what it is given to follow.
      await vi.waitFor(() => expect(stops).toHaveLength(3 * (i + 1)), 10_000);
    }
    expect(watched.listen).toHaveBeenCalledTimes(9);
  } finally {
    await own.close();
  }
});
