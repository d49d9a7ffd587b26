import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobPath, LIMITS } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { expireBlobs, type Observed, type RelayOptions } from '../../src/index.ts';
import { codeOf } from '../support/api.ts';
import { newFolder, type TestBlobStore } from '../support/blob-stores.ts';
import { newBlob, refusalIn, TestBlob } from '../support/blob.ts';
import { TestGroup } from '../support/group.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const MIB = 1024 * 1024;
const DAY_MS = 24 * 60 * 60 * 1_000;

let store: TestBlobStore;
let relay: TestRelay;
let group: TestGroup;
let observed: Observed[];
async function start(options: Partial<RelayOptions> & { instances?: number } = {}): Promise<void> {
  observed = [];
  const observe = (event: Observed) => observed.push(event);
  relay = await startRelay({ blobs: store.at, observe, ...options });
  group = await new TestGroup(relay.url).create();
}
beforeEach(async () => void (store = await newFolder()));
afterEach(async () => {
  await relay.close();
  await store.remove();
});

const reserve = (size: number) =>
  new TestBlob(relay.url, group, Buffer.alloc(0)).create({ size, issuedAtMs: relay.clock.now() });

test('RLY-85 a blob of the largest size is taken, one byte more is not, and none has no bytes', async () => {
  await start();
  await reserve(LIMITS.maxBlobBytes);
  expect(await codeOf(reserve(LIMITS.maxBlobBytes + 1))).toBe('PAYLOAD_TOO_LARGE');
  const creation = newBlob(relay.url, group).creation();
  for (const size of [0, -1, 0.5, '1', null])
    expect(await codeOf(group.api.blobs.create.mutate({ ...creation, size } as never))).toBe('BAD_INPUT');
});

test('RLY-85 what is reserved counts, many at once do not get past it, and what is over makes room', async () => {
  await start();
  const fitting = Math.floor(LIMITS.maxGroupBlobBytes / LIMITS.maxBlobBytes);
  const outcomes = await Promise.allSettled(
    Array.from({ length: fitting + 10 }, () => reserve(LIMITS.maxBlobBytes)),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(fitting);
  const left = LIMITS.maxGroupBlobBytes - fitting * LIMITS.maxBlobBytes;
  expect(await codeOf(reserve(left + 1))).toBe('QUOTA_EXCEEDED');
  await reserve(left);
  expect(await codeOf(reserve(1))).toBe('QUOTA_EXCEEDED');
  // Another group has room of its own.
  await newBlob(relay.url, await new TestGroup(relay.url).create()).create();

  relay.clock.advance(LIMITS.uploadKeptMs + DAY_MS);
  expect(await expireBlobs(relay.db, await store.open(), relay.clock.now())).toBe(fitting + 2);
  await reserve(LIMITS.maxBlobBytes);
});

test('RLY-85 a group has so many blobs, however small they are', async () => {
  await start();
  const row = {
    log_id: group.id,
    epoch: 0,
    size: 1,
    sha256: null,
    stored: 0,
    state: 'uploading' as const,
    expires_on: 1_000_000,
  };
  for (let i = 0; i < 10; i += 1) {
    const count = LIMITS.maxGroupBlobs / 10 - (i === 0 ? 1 : 0);
    const rows = Array.from({ length: count }, () => ({ blob_id: newId(), ...row }));
    await relay.db.insertInto('blobs').values(rows).execute();
  }
  await reserve(1);
  expect(await codeOf(reserve(1))).toBe('QUOTA_EXCEEDED');
});

test('RLY-87 uploads over the bound are turned away, one address leaves room for others, and then it goes on', async () => {
  await start({ bounds: { maxUploads: 3 }, trustedProxies: ['127.0.0.1'], instances: 1 });
  const [one, other] = ['192.0.2.1', '192.0.2.2'];
  const begin = async (address: string) => {
    const blob = await newBlob(relay.url, group, MIB).create();
    return { blob, socket: await beginPatch(blob, { 'x-forwarded-for': address }) };
  };
  const held = [await begin(one), await begin(one)];
  await sleep(100);
  const next = await newBlob(relay.url, group, MIB).create();
  const patch = (address: string) => next.patch(0, MIB, { headers: { 'x-forwarded-for': address } });
  const refused = await patch(one);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(await refusalIn(refused)).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
  expect(observed).toContainEqual({ type: 'refused', reason: 'uploads' });
  expect((await patch(other)).status).toBe(204);
  // Reading, and all else, is not kept from anyone.
  expect((await next.download()).equals(next.bytes)).toBe(true);

  for (const { blob, socket } of held) {
    socket.write(blob.bytes);
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toContain(' 204 ');
    socket.destroy();
  }
  await vi.waitFor(async () => {
    const blob = await newBlob(relay.url, group, 1_000).create();
    expect((await blob.patch(0, 1_000, { headers: { 'x-forwarded-for': one } })).status).toBe(204);
  });
});

test.each([
  ['stops', 0],
  ['goes on byte by byte', 1],
])('RLY-87 an upload that %s is ended, and what came is kept', async (_how, drip) => {
  await start({ bounds: { slowUploadMs: 500 }, instances: 1 });
  const blob = await newBlob(relay.url, group, MIB).create();
  const socket = await beginPatch(blob);
  socket.write(blob.bytes.subarray(0, 100_000));
  let sent = 100_000;
  const dripping = setInterval(() => {
    if (drip > 0) socket.write(blob.bytes.subarray(sent, (sent += drip)));
  }, 50);
  const [answer] = (await once(socket, 'data')) as [Buffer];
  clearInterval(dripping);
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 503 [^]*"code":"UNAVAILABLE"/);
  socket.destroy();
  const offset = await blob.offset();
  expect(offset).toBeGreaterThanOrEqual(100_000);
  expect((await blob.patch(offset)).status).toBe(204);
  expect((await blob.download()).equals(blob.bytes)).toBe(true);
});

test('RLY-87 a reader who takes nothing is cut off, and one who is slow is not', async () => {
  await start({ bounds: { slowReaderMs: 1_500 }, instances: 1 });
  const blob = await newBlob(relay.url, group, 24 * MIB).upload();
  const token = await blob.open();
  const openRaw = async () => {
    const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const authorization = `Authorization: Bearer ${token}`;
    socket.write(`GET ${blobPath(blob.id)} HTTP/1.1\r\nHost: ${relay.host}\r\n${authorization}\r\n\r\n`);
    await once(socket, 'readable');
    return socket;
  };
  const [stuck, slow] = [await openRaw(), await openRaw()];
  let received = 0;
  const reading = setInterval(() => (received += (slow.read() as Buffer | null)?.length ?? 0), 50);
  const cuts = () => observed.filter((event) => event.type === 'transfer' && event.outcome === 'cut');
  await vi.waitFor(() => expect(cuts()).toHaveLength(1), 20_000);
  // The slow one has not had all by far, and gets more.
  const before = received;
  await vi.waitFor(() => expect(received).toBeGreaterThan(before + MIB), 20_000);
  expect([slow.destroyed, cuts().length, received < 24 * MIB]).toEqual([false, 1, true]);
  clearInterval(reading);
  slow.destroy();
  stuck.destroy();
}, 60_000);

test('RLY-87 RLY-64 a relay that shuts down ends uploads with an answer, and keeps what came', async () => {
  await start({ instances: 1 });
  const blob = await newBlob(relay.url, group, MIB).create();
  const socket = await beginPatch(blob);
  socket.write(blob.bytes.subarray(0, 100_000));
  await sleep(200);
  const answered = once(socket, 'data') as Promise<[Buffer]>;
  await relay.close();
  expect((await answered)[0].toString()).toMatch(/^HTTP\/1\.1 503 /);
  expect(observed.filter(({ type }) => type === 'transfer')).toEqual([
    { type: 'transfer', direction: 'upload', outcome: 'cut', bytes: 100_000 },
  ]);
  await start();
});

test('RLY-9 RLY-80 the routes count against the limit of the address, as calls do', async () => {
  await start({ rateFactor: 0.001, instances: 1 });
  const blob = newBlob(relay.url, group);
  await vi.waitFor(async () => {
    expect(await refusalIn(await blob.get('none'))).toMatchObject({ status: 429, code: 'RATE_LIMITED' });
  });
});

test('RLY-8 RLY-80 pages of a configured site may use the routes and read what they say, others may not', async () => {
  await start();
  const blob = await newBlob(relay.url, group).create();
  const ask = (origin: string) =>
    fetch(relay.url + blobPath(blob.id), {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization,upload-offset,tus-resumable',
      },
    });
  const origin = 'http://localhost:3000';
  const allowed = (await ask(origin)).headers;
  expect(allowed.get('access-control-allow-origin')).toBe(origin);
  expect(allowed.get('access-control-allow-methods')).toContain('PATCH');
  expect(allowed.get('access-control-allow-headers')).toContain('upload-offset');
  expect((await ask('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
  const answer = await blob.patch(0, 1_000, { headers: { origin } });
  expect(answer.headers.get('access-control-expose-headers')).toContain('upload-offset');
});

test('RLY-2 RLY-82 what is no tus is told so, and nothing of it is kept', async () => {
  await start();
  const blob = await newBlob(relay.url, group).create();
  for (const [headers, status] of [
    [{ 'tus-resumable': '0.2.2' }, 412],
    [{ 'content-type': 'application/json' }, 415],
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'upload-offset': '' }, 400],
    [{ 'upload-offset': '-1' }, 400],
    [{ 'upload-offset': '1e3' }, 400],
    [{ 'upload-offset': '9'.repeat(30) }, 400],
    [{ 'upload-length': 'much' }, 400],
  ] as const) {
    const refusal = await refusalIn(await blob.patch(0, 1_000, { headers }));
    expect([headers, refusal.status, refusal.code]).toEqual([headers, status, 'BAD_INPUT']);
  }
  expect(await blob.offset()).toBe(0);
  expect(relay.faults).toEqual([]);
  for (const path of ['/blobs/', '/blobs/..%2f..%2fetc', '/blobs/x/y', `/blobs/${'a'.repeat(3_000)}`]) {
    const response = await fetch(relay.url + path, { headers: { authorization: 'Bearer x' } });
    expect([400, 403, 404, 414]).toContain(response.status);
    expect(await refusalIn(response)).toMatchObject({ retryable: false });
  }
});

test('RLY-93 RLY-87 operators are told how much came and went, and nothing of whose it was', async () => {
  await start();
  const blob = await newBlob(relay.url, group, 3 * MIB).upload();
  await blob.download();
  await (await blob.get(await blob.open(), { range: 'bytes=0-9' })).text();
  await blob.patch(0);
  const transfers = () => observed.filter(({ type }) => type === 'transfer');
  await vi.waitFor(() => expect(transfers()).toHaveLength(3));
  expect(transfers()).toEqual([
    { type: 'transfer', direction: 'upload', outcome: 'OK', bytes: 3 * MIB },
    { type: 'transfer', direction: 'download', outcome: 'OK', bytes: 3 * MIB },
    { type: 'transfer', direction: 'download', outcome: 'OK', bytes: 10 },
  ]);
  for (const secret of [blob.id, group.id, blob.uploadToken])
    expect(JSON.stringify(observed)).not.toContain(secret);
});

/** The head of a PATCH for the whole blob, without a byte of the body. */
async function beginPatch(blob: TestBlob, headers: Record<string, string> = {}): Promise<Socket> {
  const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  const all = { host: relay.host, 'content-length': blob.bytes.length, ...blob.patchHeaders(0), ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  socket.write(`PATCH ${blobPath(blob.id)} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
  await once(socket, 'connect');
  return socket;
}
