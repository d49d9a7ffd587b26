import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { LIMITS, type RelayErrorData } from '@quicprochat/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import type { Observed, RelayOptions } from '../../src/index.ts';
import { TestDevice } from '../support/device.ts';
import { TestGroup, welcomeFor } from '../support/group.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { TestStream } from '../support/stream.ts';

let relay: TestRelay;
let observed: Observed[];
afterEach(() => relay.close());

async function start(options: Partial<RelayOptions> = {}): Promise<void> {
  observed = [];
  relay = await startRelay({ observe: (event) => observed.push(event), ...options });
}

const countOf = (type: Observed['type']) => observed.filter((event) => event.type === type).length;

/** A call by this address, as the trusted proxy on 127.0.0.1 passes it on. */
function callFrom(address: string): Promise<Response> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
  return fetch(`${relay.url}/trpc/auth.challenge`, { method: 'POST', headers, body: '{}' });
}

test('RLY-91 calls over the bound are turned away at once, one address leaves room for others, and then it goes on', async () => {
  await start({ bounds: { maxCalls: 4 }, trustedProxies: ['127.0.0.1'] });
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  // While the test holds the database, no call can end.
  const holding = relay.db.transaction().execute(() => held);
  const [one, other, third] = ['192.0.2.1', '192.0.2.2', '192.0.2.3'];
  const waiting: Promise<Response>[] = [];
  const begin = async (address: string) => {
    waiting.push(callFrom(address));
    await sleep(50);
  };
  await begin(one);
  await begin(one);
  const refusal = await callFrom(one);
  expect([refusal.status, refusal.headers.get('retry-after')]).toEqual([503, '1']);
  const { error } = (await refusal.json()) as { error: { data: RelayErrorData } };
  expect(error.data.qpc).toEqual({ code: 'UNAVAILABLE', retryable: true, details: { retryAfterMs: 1_000 } });
  await begin(other);
  await begin(other);
  expect((await callFrom(third)).status).toBe(503);
  expect(observed.filter(({ type }) => type === 'refused')).toEqual([
    { type: 'refused', reason: 'calls' },
    { type: 'refused', reason: 'calls' },
  ]);

  release();
  await holding;
  expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  for (let i = 0; i < 10; i += 1) expect((await callFrom(one)).status).toBe(200);
  expect(relay.faults).toEqual([]);
});

test('RLY-91 RLY-8 a page of a configured site can read that it was turned away', async () => {
  await start({ bounds: { maxStreams: 0 } });
  const origin = 'http://localhost:3000';
  const response = await fetch(`${relay.url}/trpc/streams.events`, { headers: { origin } });
  expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([503, origin]);
});

test('RLY-91 calls that fail give their place back', async () => {
  await start({ bounds: { maxCalls: 2 } });
  for (let i = 0; i < 6; i += 1) expect((await fetch(`${relay.url}/nowhere`)).status).toBe(404);
  for (let i = 0; i < 6; i += 1) {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: 'no JSON' };
    expect((await fetch(`${relay.url}/trpc/auth.challenge`, init)).status).toBe(400);
  }
  expect((await callFrom('')).status).toBe(200);
});

test('RLY-2 RLY-91 a call that comes a byte at a time is given up, with an answer, and keeps nobody out', async () => {
  await start({ bounds: { slowSenderMs: 500, maxCalls: 2 } });
  const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  const head = [
    'POST /trpc/auth.challenge HTTP/1.1',
    `Host: ${relay.host}`,
    'Content-Type: application/json',
  ];
  socket.write(`${head.join('\r\n')}\r\nContent-Length: 1000\r\n\r\n`);
  const dripping = setInterval(() => socket.write(' '), 50);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  clearInterval(dripping);
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 408 [^]*"code":"UNAVAILABLE"/);
  socket.destroy();
  await vi.waitFor(async () => expect((await callFrom('')).status).toBe(200));
});

test('RLY-19 a call that comes slowly and keeps a pace is taken, however long that takes', async () => {
  await start({ bounds: { slowSenderMs: 500 } });
  const pieces = 20;
  const piece = ' '.repeat(LIMITS.leastBodyBytesPerMinute);
  const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  const head = [
    'POST /trpc/auth.challenge HTTP/1.1',
    `Host: ${relay.host}`,
    'Content-Type: application/json',
    `Content-Length: ${pieces * piece.length + 2}`,
  ];
  const answered = once(socket, 'data') as Promise<[Buffer]>;
  socket.write(`${head.join('\r\n')}\r\n\r\n`);
  for (let sent = 0; sent < pieces; sent += 1) {
    socket.write(piece);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  socket.write('{}');
  const [answer] = await answered;
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 /);
  socket.destroy();
});

test('RLY-91 streams over the bound are turned away, calls are not, and a stream that ends makes room', async () => {
  await start({ bounds: { maxStreams: 1 } });
  const group = await new TestGroup(relay.url).create();
  const open = async () => {
    const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
    return TestStream.open(relay.url, ticket);
  };
  {
    await using first = await open();
    await first.take(1);
    await using second = await open();
    expect(second.response.status).toBe(503);
    expect(await group.post('calls go on')).toBe(1);
  }
  await vi.waitFor(() => expect(countOf('stream-closed')).toBe(1));
  await using third = await open();
  await third.take(2);
});

test('RLY-91 one address leaves room for the streams of others', async () => {
  await start({ bounds: { maxStreams: 4 }, trustedProxies: ['127.0.0.1'] });
  const group = await new TestGroup(relay.url).create();
  const statuses: number[] = [];
  await using streams = new AsyncDisposableStack();
  for (const address of ['192.0.2.1', '192.0.2.1', '192.0.2.1', '192.0.2.2', '192.0.2.2', '192.0.2.3']) {
    const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
    const stream = await TestStream.open(relay.url, ticket, { 'x-forwarded-for': address });
    statuses.push(streams.use(stream).response.status);
  }
  expect(statuses).toEqual([200, 200, 503, 200, 200, 503]);
});

test('RLY-92 a stream that nobody reads is cut off, one that is read slowly is not, and a cursor brings it on', async () => {
  await start({ bounds: { slowReaderMs: 2_000 } });
  const group = await new TestGroup(relay.url).create();
  const openRaw = async () => {
    const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
    const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const input = encodeURIComponent(JSON.stringify({ ticket }));
    socket.write(`GET /trpc/streams.events?input=${input} HTTP/1.1\r\nHost: ${relay.host}\r\n\r\n`);
    await once(socket, 'readable');
    return socket;
  };
  const [stuck, slow] = [await openRaw(), await openRaw()];
  let received = 0;
  const reading = setInterval(() => (received += (slow.read() as Buffer | null)?.length ?? 0), 100);
  // More than the kernel takes for a socket that nobody reads.
  const payload = randomBytes(LIMITS.maxMessageBytes);
  for (let i = 0; i < 150; i += 1) await group.post('', { payload });

  await vi.waitFor(() => expect(countOf('dropped')).toBe(1), 20_000);
  // The slow one goes on: it has not had all by far, and gets more.
  const before = received;
  await vi.waitFor(() => expect(received).toBeGreaterThan(before), 5_000);
  expect(slow.destroyed).toBe(false);
  clearInterval(reading);
  // What the kernel held can still be read; then the connection is over, in the middle of the log.
  let text = '';
  stuck.on('data', (data) => (text += data.toString()));
  await once(stuck, 'close');
  const got = text.split('"group-entry"').length - 1;
  expect(got).toBeLessThan(150);
  slow.destroy();

  const { ticket } = await group.api.groups.openStream.mutate({
    groups: [group.streamInput({ cursor: got })],
  });
  await using again = await TestStream.open(relay.url, ticket);
  const [, next] = await again.take(2);
  expect(next).toMatchObject({ entry: { sequence: got + 1 } });
}, 60_000);

test('RLY-93 what an operator is told holds nothing of whose it was', async () => {
  await start({ bounds: { maxStreams: 1 } });
  const device = await new TestDevice(relay.url, 'canary-handle').register();
  const group = await new TestGroup(relay.url).create();
  const payload = Buffer.from('canary-payload');
  await group.post('', { payload });
  await group.commit({ welcome: welcomeFor(device.id) });
  await device.api.directory.lookup.mutate({ handle: 'canary-handle' });
  const { ticket } = await device.api.inbox.openStream.mutate({ cursor: 0 });
  {
    await using stream = await TestStream.open(relay.url, ticket);
    await stream.take(2);
    await using refused = await TestStream.open(relay.url, ticket);
    expect(refused.response.status).toBe(503);
  }
  await vi.waitFor(() => expect(countOf('stream-closed')).toBe(1));

  const told = JSON.stringify(observed);
  for (const secret of ['canary-handle', device.id, group.id, payload.toString('base64url'), '127.0.0.1'])
    expect(told).not.toContain(secret);
  // All there is, besides durations: a few fixed words.
  const words = observed.map(({ type, ...rest }) => ({ type, ...rest, durationMs: undefined }));
  const kinds = new Set(words.map((word) => JSON.stringify(word)));
  expect(kinds).toContain('{"type":"call","procedure":"groups.post","outcome":"OK"}');
  expect(kinds).toContain('{"type":"stream-opened","kind":"inbox"}');
  expect(kinds).toContain('{"type":"delivered","event":"inbox-entry"}');
  expect(kinds).toContain('{"type":"refused","reason":"streams"}');
});

test('RLY-93 the store tells how long reading, writing and the disk took, and nothing of what it was', async () => {
  const { openSqlite } = await import('../../src/index.ts');
  const queries: Observed[] = [];
  const db = await openSqlite(':memory:', { observe: (event) => queries.push(event) });
  queries.length = 0;
  await db.transaction().execute(async (tx) => {
    await tx.insertInto('inbox_heads').values({ device_id: 'canary', sequence: 0 }).execute();
    await tx.selectFrom('inbox_heads').selectAll().where('device_id', '=', 'canary').execute();
  });
  await db.destroy();
  expect(queries).toEqual(
    ['write', 'read', 'commit'].map((kind) => {
      return { type: 'query', kind, durationMs: expect.any(Number) as number };
    }),
  );
});
