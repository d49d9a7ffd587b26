import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import {
  fromBase64Url,
  isRelayErrorCode,
  LIMITS,
  toBase64Url,
  type RelayErrorData,
} from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, refusalOf } from './support/api.ts';
import { newFolder } from './support/blob-stores.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay({ rateFactor: 100 })));
afterAll(() => relay.close());

const newDevice = () => new TestDevice(relay.url, `p-${newId().slice(0, 12)}`);
const random = (length: number) => toBase64Url(randomBytes(length));

/** Bytes as they are, to a relay without a proxy before it, and all that comes back until it closes the connection. */
async function sendRaw(bytes: string, url = relay.direct) {
  const socket = connect(Number(new URL(url).port), '127.0.0.1');
  let text = '';
  socket.on('data', (data) => (text += data.toString())).on('error', () => undefined);
  socket.write(bytes);
  await once(socket, 'close');
  // However the body came: with a length, or in a chunk.
  const body = text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1);
  const { error } = JSON.parse(body) as { error: { data: RelayErrorData } };
  return { status: Number(text.split(' ')[1]), code: error.data.qpc.code, text };
}

const HEAD = 'Host: x\r\nConnection: close\r\nContent-Type: application/json\r\n';
const POST = `POST /trpc/auth.challenge HTTP/1.1\r\n${HEAD}`;

test.each([
  ['two thousand headers', `${POST}${'x-a: y\r\n'.repeat(2_000)}Content-Length: 7\r\n\r\n{"a":1}`, 431],
  ['one header that is too long', `${POST}x-a: ${'y'.repeat(20_000)}\r\n\r\n`, 431],
  ['an address that is too long', `POST /trpc/${'a'.repeat(20_000)} HTTP/1.1\r\n${HEAD}\r\n`, 431],
  ['a procedure of a name that is too long', `POST /trpc/${'a'.repeat(3_000)} HTTP/1.1\r\n${HEAD}\r\n`, 400],
  ['another protocol', `GET /trpc/auth.challenge HTTP/1.1\r\n${HEAD}Upgrade: websocket\r\n\r\n`, 405],
  ['TRACE', `TRACE /trpc/auth.challenge HTTP/1.1\r\n${HEAD}\r\n`, 404],
  ['a path to a file', `GET /trpc/../../../etc/passwd HTTP/1.1\r\n${HEAD}\r\n`, 404],
  ['a body that is no JSON', `${POST}Content-Length: 1\r\n\r\n{`, 400],
  ['two lengths', `${POST}Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}`, 400],
  ['a length and chunks', `${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`, 400],
  ['a chunk of a size that is none', `${POST}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n`, 400],
  ['a chunk with a long remark', `${POST}Transfer-Encoding: chunked\r\n\r\n1;${'a'.repeat(20_000)}\r\n`, 413],
  [
    'a body that says it is packed',
    `${POST}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b`,
    400,
  ],
])('RLY-2 %s is refused in the relay’s own form', async (_name, bytes, status) => {
  const answer = await sendRaw(bytes);
  expect(isRelayErrorCode(answer.code), answer.text).toBe(true);
  expect([answer.code, answer.status]).not.toContain('INTERNAL');
  expect(answer.status).toBe(status);
  expect((await newDevice().api.auth.challenge.mutate({})).challenge).toHaveLength(43);
});

test('RLY-2 RLY-19 a request that is begun and not ended is given up', async () => {
  const impatient = await startRelay({ instances: 1, bounds: { slowSenderMs: 400 } });
  try {
    for (const begun of ['POST /trpc/auth.ch', `${POST}Content-Length: 1000\r\n\r\n{`]) {
      const answer = await sendRaw(begun, impatient.direct);
      expect([answer.status, answer.code]).toEqual([408, 'UNAVAILABLE']);
    }
  } finally {
    await impatient.close();
  }
});

test.each([
  ['an upload without a token', `PATCH /blobs/${newId()}`, 'application/offset+octet-stream', 403],
  ['what no route takes', 'POST /trpc/auth.challenge', 'text/plain', 415],
  ['a call that is turned away', 'POST /trpc/auth.challenge', 'application/json', 503],
])('RLY-19 the connection of %s is not held by its body', async (_name, request, type, status) => {
  const store = await newFolder();
  const bounds = { slowSenderMs: 400, ...(status === 503 && { maxCalls: 0 }) };
  const impatient = await startRelay({ instances: 1, blobs: await store.open(), bounds });
  const socket = connect(Number(new URL(impatient.direct).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  socket.on('error', () => undefined);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.write(
    `${request} HTTP/1.1\r\nHost: relay\r\nContent-Type: ${type}\r\nContent-Length: 100000\r\n\r\n`,
  );
  const dripping = setInterval(() => socket.write('x'), 50);
  try {
    await closed;
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  } finally {
    clearInterval(dripping);
    socket.destroy();
    await impatient.close();
    await store.remove();
  }
});

test.each([63, 65, 0])('RLY-3 a signature of %i bytes is bad input, wherever one stands', async (length) => {
  const device = await newDevice().register();
  const group = await new TestGroup(relay.url).create();
  const signature = random(length);
  const { api } = device;
  const [login, registration] = [await device.loginInput(), await newDevice().registration()];
  const read = group.readInput();
  const calls = [
    api.auth.login.mutate({ ...login, signature }),
    api.account.register.mutate({ ...registration, signature }),
    api.account.register.mutate({ ...registration, deviceCertificate: signature }),
    group.api.groups.read.mutate({ ...read, proof: { ...read.proof, signature } }),
  ];
  expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 'BAD_INPUT'));
});

test('RLY-10 RLY-13 a signature over another challenge signs nobody in', async () => {
  const device = await newDevice().register();
  const [first, second] = [await device.loginInput(), await device.loginInput()];
  const { api } = device;
  expect(await codeOf(api.auth.login.mutate({ ...first, signature: second.signature }))).toBe(
    'UNAUTHENTICATED',
  );
  await api.auth.login.mutate(first);
});

test('RLY-17 a device key of small order answers no challenge', async () => {
  const neutral = Buffer.alloc(32);
  neutral[0] = 1;
  const key = { publicKey: neutral, sign: () => Buffer.concat([neutral, Buffer.alloc(32)]) };
  const device = new TestDevice(relay.url, `p-${newId().slice(0, 12)}`, { key });
  expect(await codeOf(device.register())).toBe('UNAUTHENTICATED');
});

test('RLY-3 RLY-4 key packages are refused that are too many, too large, empty or for others', async () => {
  const { api, id } = await newDevice().register();
  const publish = (more: object) =>
    api.keyPackages.publish.mutate({ suite: 1, keyPackages: [], ...more } as never);
  const { maxKeyPackageBytes, maxKeyPackagesPerPublish } = LIMITS;
  const many = Array.from({ length: maxKeyPackagesPerPublish + 1 }, () => random(9));
  expect(await codeOf(publish({ keyPackages: many }))).toBe('BAD_INPUT');
  expect(await codeOf(publish({ keyPackages: [random(maxKeyPackageBytes + 1)] }))).toBe('PAYLOAD_TOO_LARGE');
  expect(await codeOf(publish({ lastResort: random(maxKeyPackageBytes + 1) }))).toBe('PAYLOAD_TOO_LARGE');
  expect(await codeOf(publish({ keyPackages: [''] }))).toBe('BAD_INPUT');
  expect(await codeOf(publish({ deviceId: id }))).toBe('BAD_INPUT');
  const one = random(maxKeyPackageBytes);
  expect(await publish({ keyPackages: [one, one, random(1)] })).toEqual({ available: 2 });
  expect(await publish({})).toEqual({ available: 2 });
});

test('RLY-3 a claim for nobody, or for more than there may be, is bad input', async () => {
  const { api } = await newDevice().register();
  const claim = (handles: string[]) => codeOf(api.keyPackages.claim.mutate({ suite: 1, handles }));
  expect(await claim([])).toBe('BAD_INPUT');
  expect(await claim(Array.from({ length: 1_000 }, (_, i) => `p${i}`))).toBe('BAD_INPUT');
});

test.each([-1, 0.5, '0', 2 ** 53, 2 ** 64, null, [0]])('RLY-3 the epoch %j is none', async (epoch) => {
  const group = await new TestGroup(relay.url).create();
  const refusals = await Promise.all(
    [
      group.api.groups.commit.mutate({ ...group.commitInput(), epoch } as never),
      group.api.groups.post.mutate({ ...group.message(), epoch } as never),
      group.api.groups.openStream.mutate({ groups: [{ ...group.streamInput(), epoch }] } as never),
    ].map(refusalOf),
  );
  for (const { code, details } of refusals) {
    expect(code).toBe('BAD_INPUT');
    expect(details.issues?.[0]?.path).toMatch(/(^|\.)epoch$/);
  }
});

test('RLY-3 RLY-41 a Welcome for nobody, for one twice or for too many is bad input', async () => {
  const group = await new TestGroup(relay.url).create();
  const joiner = () => ({ deviceId: newId(), secrets: randomBytes(3) });
  const commit = (joiners: ReturnType<typeof joiner>[]) =>
    codeOf(group.commit({ welcome: { shared: randomBytes(5), joiners } }));
  const twice = joiner();
  expect(await commit([])).toBe('BAD_INPUT');
  expect(await commit([twice, twice])).toBe('BAD_INPUT');
  expect(await commit(Array.from({ length: LIMITS.maxJoiners + 1 }, joiner))).toBe('BAD_INPUT');
  expect((await group.read()).entries).toEqual([]);
});

test('RLY-50 RLY-51 a page of a billion is one of 500, and a cursor of another group is nothing special', async () => {
  const [long, short] = [await new TestGroup(relay.url).create(), await new TestGroup(relay.url).create()];
  for (let i = 0; i < 3; i += 1) await long.post('x');
  expect((await long.read({ limit: 1_000_000_000 })).entries).toHaveLength(3);
  const { cursor } = await long.read();
  expect(await codeOf(short.read({ cursor }))).toBe('CURSOR_INVALID');
});

test('RLY-56 RLY-57 an acknowledgement goes neither ahead, nor back, nor into the inbox of another', async () => {
  const [alice, bob] = [await newDevice().register(), await newDevice().register()];
  const group = await new TestGroup(relay.url).create();
  const joiners = [alice, bob].map(({ id }) => ({ deviceId: id, secrets: randomBytes(3) }));
  await group.commit({ welcome: { shared: randomBytes(5), joiners } });
  const acknowledge = (device: TestDevice, sequence: number) =>
    device.api.inbox.acknowledge.mutate({ sequence });
  expect(await codeOf(acknowledge(alice, 2))).toBe('CURSOR_INVALID');
  await acknowledge(alice, 1);
  await acknowledge(alice, 0);
  expect((await alice.api.inbox.read.mutate({ cursor: 0, limit: 9 })).entries).toEqual([]);
  const [left] = (await bob.api.inbox.read.mutate({ cursor: 0, limit: 9 })).entries;
  expect(fromBase64Url(left?.secrets ?? '')).toEqual(new Uint8Array(joiners[1]?.secrets ?? []));
});
