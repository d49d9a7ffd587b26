import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { LIMITS, toBase64Url, type RelayErrorData } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { relayRouter } from '../src/index.ts';
import { nodePlatform } from '../src/platform.ts';
import { consume, consumeForEach, createLimiters, subscriberOf } from '../src/limits/rate-limit.ts';
import { RATES } from '../src/limits/rates.ts';
import { apiOf, codeOf, refusalOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { newEntries, TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const DEVICE_CALLS = Object.keys(relayRouter._def.procedures).filter((name) =>
  /^(directory|keyPackages|inbox|push\.(un)?subscribe)/.test(name),
);

/** One call as a stranger makes it. */
async function strange(procedure: string, body: string): Promise<string> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${relay.url}/trpc/${procedure}`, { method: 'POST', headers, body });
  return ((await response.json()) as { error: { data: RelayErrorData } }).error.data.qpc.code;
}

test.each(DEVICE_CALLS)('RLY-15 %s is for devices that have signed in, whatever the input', async (name) => {
  expect(await strange(name, '{}')).toBe('UNAUTHENTICATED');
  expect(await strange(name, '{"no":["such","input"]}')).toBe('UNAUTHENTICATED');
});

test('RLY-3 what is wrong is named by its field, and the value is not repeated', async () => {
  const { api } = await new TestDevice(relay.url, 'alice').register();
  const input = { suite: 2, handles: ['UPPER canary', 'b'], canary: 'canary' };
  const refusal = await refusalOf(api.keyPackages.claim.mutate(input as never));
  expect(refusal.code).toBe('BAD_INPUT');
  expect(refusal.details.issues?.map(({ path }) => path).sort()).toEqual(['', 'handles.0', 'suite']);
  expect(JSON.stringify(refusal)).not.toContain('canary');
});

test('RLY-3 numbers that are none, or not whole, are named', async () => {
  const group = await new TestGroup(relay.url).create();
  for (const bent of [
    { cursor: -1 },
    { limit: 0 },
    { epoch: 0.5 },
    { cursor: 2 ** 53 },
    { limit: NaN },
    { epoch: '0' },
  ]) {
    const input = { ...group.readInput(), ...bent };
    const { code, details } = await refusalOf(group.api.groups.read.mutate(input as never));
    expect([code, details.issues?.[0]?.path]).toEqual(['BAD_INPUT', Object.keys(bent)[0]]);
  }
});

test('RLY-4 a payload of the largest size is taken, one byte more is not', async () => {
  const group = await new TestGroup(relay.url).create();
  const post = (length: number) => group.post('', { payload: randomBytes(length) });
  const commit = (length: number) => group.commit({ payload: randomBytes(length) });
  expect(await post(LIMITS.maxMessageBytes)).toBe(1);
  expect(await codeOf(post(LIMITS.maxMessageBytes + 1))).toBe('PAYLOAD_TOO_LARGE');
  expect(await commit(LIMITS.maxCommitBytes)).toBe(2);
  expect(await codeOf(commit(LIMITS.maxCommitBytes + 1))).toBe('PAYLOAD_TOO_LARGE');
  expect(await codeOf(post(0))).toBe('BAD_INPUT');
});

test('RLY-4 a post’s messages may have so many bytes together, one byte more is too large', async () => {
  const group = await new TestGroup(relay.url).create();
  const size = LIMITS.maxPostBytes / LIMITS.maxPostEntries;
  const entries = newEntries(LIMITS.maxPostEntries, size);
  expect((await group.postAll(entries)).sequences).toHaveLength(LIMITS.maxPostEntries);
  const tooLarge = [...newEntries(LIMITS.maxPostEntries - 1, size), ...newEntries(1, size + 1)];
  expect(await codeOf(group.postAll(tooLarge))).toBe('PAYLOAD_TOO_LARGE');
  expect(await group.post('next')).toBe(LIMITS.maxPostEntries + 1);
});

test('RLY-4 a Welcome’s parts of the largest size are taken, one byte more is not', async () => {
  const device = await new TestDevice(relay.url, 'joiner').register();
  const group = await new TestGroup(relay.url).create();
  const commit = (shared: number, secrets: number) =>
    group.commit({
      welcome: {
        shared: randomBytes(shared),
        joiners: [{ deviceId: device.id, secrets: randomBytes(secrets) }],
      },
    });
  const { maxSharedWelcomeBytes, maxJoinerSecretsBytes } = LIMITS;
  expect(await commit(maxSharedWelcomeBytes, maxJoinerSecretsBytes)).toBe(1);
  expect(await codeOf(commit(maxSharedWelcomeBytes + 1, 1))).toBe('PAYLOAD_TOO_LARGE');
  expect(await codeOf(commit(1, maxJoinerSecretsBytes + 1))).toBe('PAYLOAD_TOO_LARGE');
  expect(await codeOf(commit(0, 1))).toBe('BAD_INPUT');
  expect(await codeOf(commit(1, 0))).toBe('BAD_INPUT');
});

test('RLY-4 a body holds the largest commit with the largest Welcome for as many as can join', async () => {
  const group = await new TestGroup(relay.url).create();
  // Strangers, so that the relay refuses them after all else of the call has been found good.
  const joiners = Array.from({ length: LIMITS.maxJoiners }, () => ({
    deviceId: newId(),
    secrets: randomBytes(1_300),
  }));
  const welcome = { shared: randomBytes(LIMITS.maxSharedWelcomeBytes), joiners };
  expect(await codeOf(group.commit({ payload: randomBytes(LIMITS.maxCommitBytes), welcome }))).toBe(
    'NOT_FOUND',
  );
});

test('RLY-4 a key or an id of the wrong length is bad input, not too large', async () => {
  const group = await new TestGroup(relay.url).create();
  const input = { ...group.creation(), accessKey: toBase64Url(randomBytes(33)) };
  expect(await codeOf(group.api.groups.create.mutate(input))).toBe('BAD_INPUT');
});

test('RLY-4 a body without a length is cut off at the limit', async () => {
  const chunk = Buffer.alloc(1024 * 1024, 'x');
  let sent = 0;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      sent += 1;
      // Ten times the limit, were anyone to take it.
      if (sent > (10 * LIMITS.maxBodyBytes) / chunk.length) controller.close();
      else controller.enqueue(chunk);
    },
  });
  const headers = { 'content-type': 'application/json' };
  const init = { method: 'POST', headers, body, duplex: 'half' } as RequestInit;
  const status = await fetch(`${relay.url}/trpc/auth.challenge`, init).then(
    (response) => response.status,
    () => 'cut off',
  );
  expect([413, 'cut off']).toContain(status);
  expect(sent).toBeLessThan((3 * LIMITS.maxBodyBytes) / chunk.length);
});

test('RLY-2 what is no HTTP is answered in the relay’s own form', async () => {
  const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
  let answer = '';
  socket.on('data', (data) => (answer += data.toString()));
  socket.write('HELLO \u0001\r\n\r\n');
  await once(socket, 'close');
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
    error: { data: { qpc: { code: 'BAD_INPUT', retryable: false, details: {} } } },
  });
});

test('RLY-8 a stream can be read by pages of the configured origins, and by no others', async () => {
  const group = await new TestGroup(relay.url).create();
  const allowed = async (origin: string) => {
    const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
    await using stream = await TestStream.open(relay.url, ticket, { origin });
    await stream.take(1);
    return stream.response.headers.get('access-control-allow-origin');
  };
  expect(await allowed('http://localhost:3000')).toBe('http://localhost:3000');
  expect(await allowed('https://evil.example')).toBeNull();
});

test('RLY-9 each kind of call has its own limit, strangers’ calls included', async () => {
  const strict = await startRelay({ rateFactor: 0.002, instances: 1 });
  try {
    const api = apiOf(strict.url);
    const group = new TestGroup(strict.url);
    const outcome = (call: Promise<unknown>) =>
      call.then(
        () => 'OK',
        () => codeOf(call),
      );
    const lookups = [];
    for (let i = 0; i < 4; i += 1) lookups.push(await outcome(api.directory.lookup.mutate({ handle: 'x' })));
    expect(lookups).toEqual(['UNAUTHENTICATED', 'UNAUTHENTICATED', 'UNAUTHENTICATED', 'RATE_LIMITED']);
    expect(await outcome(group.create())).toBe('OK');
  } finally {
    await strict.close();
  }
});

test('RLY-9 each group that a stream is to follow, or whose head is asked for, counts as a call', async () => {
  const most = Math.ceil(RATES.write * 0.002);
  const strict = await startRelay({ rateFactor: 0.002, instances: 1, trustedProxies: ['127.0.0.1'] });
  const groups = Array.from({ length: 10 }, () => new TestGroup(strict.url));
  const from = async (address: string, call: string, input: unknown) => {
    const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
    const init = { method: 'POST', headers, body: JSON.stringify(input) };
    return (await fetch(`${strict.url}/trpc/${call}`, init)).status;
  };
  const opening = () => ({ groups: groups.map((group) => group.streamInput()) });
  const following = () => ({
    stream: toBase64Url(Buffer.alloc(32)),
    groups: groups.map((group) => group.followInput(toBase64Url(Buffer.alloc(32)))),
  });
  try {
    for (const group of groups) expect(await from('192.0.2.1', 'groups.create', group.creation())).toBe(200);
    expect(most).toBe(24);
    for (const [call, input] of [
      ['groups.openStream', opening],
      ['groups.follow', following],
      ['groups.heads', () => ({ groups: groups.map((group) => group.headsInput()) })],
    ] as const) {
      const statuses = [];
      for (let i = 0; i < 3; i += 1) statuses.push(await from(`192.0.2.${call.length}`, call, input()));
      expect(statuses).toEqual([200, 200, 429]);
    }
  } finally {
    await strict.close();
  }
});

test('RLY-9 a stream over as many groups as it can follow passes, however small the factor of the limits', () => {
  for (const factor of [0.000_1, 0.005, 0.05]) {
    const limiters = createLimiters({ ...nodePlatform, elapsedMs: () => 0 }, factor);
    const caller = { limiters, address: '192.0.2.1', observe: () => undefined };
    consume(caller, 'write');
    consumeForEach(caller, Array(LIMITS.maxStreamGroups).fill(undefined));
    // Without end is too much all the same.
    const again = () => {
      for (let i = 0; i < RATES.write; i++) consume(caller, 'write');
    };
    expect(again).toThrow('RATE_LIMITED');
  }
});

test('RLY-9 one address may send 500 messages a second into one conversation', () => {
  const limiters = createLimiters({ ...nodePlatform, elapsedMs: () => 0 });
  const caller = { limiters, address: '192.0.2.1', observe: () => undefined };
  let left = 500 * 60;
  while (left > 0) {
    const amount = Math.min(left, LIMITS.maxPostEntries);
    consume(caller, 'write');
    consume(caller, 'message', { who: 'log', amount });
    consume(caller, 'messageBytes', { who: 'log', amount: amount * 2 * 1024 });
    left -= amount;
  }
  expect(() => consume(caller, 'message', { who: 'log', amount: RATES.message })).toThrow('RATE_LIMITED');
});

test('RLY-9 the largest post passes, however small the factor of the limits', async () => {
  const strict = await startRelay({ rateFactor: 0.000_1, instances: 1 });
  try {
    const group = await new TestGroup(strict.url).create();
    const size = LIMITS.maxPostBytes / LIMITS.maxPostEntries;
    expect((await group.postAll(newEntries(LIMITS.maxPostEntries, size))).sequences).toHaveLength(
      LIMITS.maxPostEntries,
    );
  } finally {
    await strict.close();
  }
});

test('RLY-9 a device has so many calls, from whatever addresses', async () => {
  const strict = await startRelay({ rateFactor: 0.01, instances: 1, trustedProxies: ['127.0.0.1'] });
  try {
    const { token } = await new TestDevice(strict.url, 'restless').register();
    const codes = new Map<string, number>();
    for (let i = 0; i < 20; i += 1) {
      const response = await fetch(`${strict.url}/trpc/keyPackages.status`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          authorization: `Bearer ${token}`,
          'x-forwarded-for': `192.0.2.${i + 1}`,
        },
        body: '{"suites":[1]}',
      });
      const { error } = (await response.json()) as { error?: { message: string } };
      const code = error?.message ?? 'OK';
      codes.set(code, (codes.get(code) ?? 0) + 1);
    }
    expect(Object.fromEntries(codes)).toEqual({ OK: RATES.device * 0.01, RATE_LIMITED: 8 });
  } finally {
    await strict.close();
  }
});

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2'],
  ['2001:db8:1:2::9', '2001:db8:1:2'],
  ['2001:0db8::1', '2001:db8:0:0'],
  ['::1', '0:0:0:0'],
  ['fe80::1%eth0', 'fe80:0:0:0'],
])('RLY-9 %s counts as %s', (address, subscriber) => {
  expect(subscriberOf(address)).toBe(subscriber);
});
