import { randomBytes } from 'node:crypto';
import { fromBase64Url, LIMITS, toBase64Url, type WelcomeParts } from '@quicprochat/protocol';
import { newId, newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { apiOf, codeOf, refusalOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();
type GroupCall = (group: TestGroup, options?: object) => Promise<unknown>;

/** The id of a stream that never was: the answer is the same. */
const STREAM = toBase64Url(randomBytes(32));

/** Every group call that proves membership, valid as it stands. */
const CALLS: Record<string, GroupCall> = {
  commit: (group, options) => group.api.groups.commit.mutate(group.commitInput(options)),
  post: (group, options) => group.api.groups.post.mutate(group.message(options)),
  signal: (group, options) => group.api.groups.signal.mutate(group.signalInput(options)),
  read: (group, options) => group.read(options),
  openStream: (group, options) =>
    group.api.groups.openStream.mutate({ groups: [group.streamInput(options)] }),
  follow: (group, options) =>
    group.api.groups.follow.mutate({ stream: STREAM, groups: [group.followInput(STREAM, options)] }),
};
const EVERY_CALL = Object.entries({
  ...CALLS,
  create: (group: TestGroup, options?: object) => group.api.groups.create.mutate(group.creation(options)),
});

test.each(EVERY_CALL)('RLY-31 %s takes the signature of the access key alone', async (_name, call) => {
  const group = await newGroup();
  expect(await codeOf(call(group, { key: newSigner() }))).toBe('NOT_AUTHORIZED');
  await call(group);
});

test.each(EVERY_CALL)('RLY-16 RLY-31 %s takes no proof for another relay', async (_name, call) => {
  expect(await codeOf(call(await newGroup(), { audience: 'evil.example' }))).toBe('NOT_AUTHORIZED');
});

test.each(EVERY_CALL)('RLY-33 %s takes no proof from another time', async (_name, call) => {
  const group = await newGroup();
  const offMs = LIMITS.proofWindowMs + 5_000;
  for (const issuedAtMs of [Date.now() - offMs, Date.now() + offMs, 0]) {
    const refusal = await refusalOf(call(group, { issuedAtMs }));
    expect(refusal.code).toBe('CLOCK_SKEW');
    expect(Math.abs((refusal.details.relayTimeMs ?? 0) - relay.clock.now())).toBeLessThan(60_000);
  }
});

test('RLY-33 RLY-34 a large call may have taken long to arrive, and its proof counts once for as long', async () => {
  const slow = await startRelay({ instances: 1 });
  try {
    const group = await new TestGroup(slow.url).create();
    // 128 kB: two minutes at the slowest pace.
    const message = () => group.message({ payload: randomBytes(LIMITS.maxMessageBytes) });
    const [first, second] = [message(), message()];
    slow.clock.advance(LIMITS.proofWindowMs + 110_000);
    const small = group.message({ issuedAtMs: Date.now(), payload: randomBytes(10) });
    expect(await codeOf(group.api.groups.post.mutate(small))).toBe('CLOCK_SKEW');
    await group.api.groups.post.mutate(first);
    expect(await codeOf(group.api.groups.post.mutate(first))).toBe('REPLAYED');
    slow.clock.advance(20_000);
    expect(await codeOf(group.api.groups.post.mutate(second))).toBe('CLOCK_SKEW');
  } finally {
    await slow.close();
  }
});

test.each(EVERY_CALL)('RLY-34 a proof of %s counts once', async (_name, call) => {
  const group = await newGroup();
  const options = { nonce: randomBytes(16), id: newId(), payload: randomBytes(10), nextKey: newSigner() };
  await call(group, options);
  expect(await codeOf(call(group, options))).toBe('REPLAYED');
});

test('RLY-34 of many copies of one call at once, one counts', async () => {
  const group = await newGroup();
  const input = group.readInput();
  const calls = Array.from({ length: 40 }, () => group.api.groups.read.mutate(input));
  const outcomes = await Promise.all(
    calls.map((call) =>
      call.then(
        () => 'OK',
        () => codeOf(call),
      ),
    ),
  );
  expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'REPLAYED')).toHaveLength(39);
});

test('RLY-34 a proof is used up by a call that failed, and a wrong one uses nothing up', async () => {
  const group = await newGroup();
  const nonce = randomBytes(16);
  expect(await codeOf(group.post('x', { nonce, key: newSigner() }))).toBe('NOT_AUTHORIZED');
  expect(await codeOf(group.read({ cursor: 9, nonce }))).toBe('CURSOR_INVALID');
  expect(await codeOf(group.read({ nonce }))).toBe('REPLAYED');
});

test('RLY-34 one wrong proof among many leaves the others unused, one used proof spoils them all', async () => {
  const [first, second] = [await newGroup(), await newGroup()];
  const good = first.streamInput();
  const bad = second.streamInput({ key: newSigner() });
  const open = (...groups: (typeof good)[]) => first.api.groups.openStream.mutate({ groups });
  expect(await codeOf(open(good, bad))).toBe('NOT_AUTHORIZED');
  expect(await open(good)).toHaveProperty('ticket');
  expect(await codeOf(open(second.streamInput(), good))).toBe('REPLAYED');
  expect(await codeOf(open(good, good))).toBe('REPLAYED');
});

test('RLY-34 a nonce is remembered for as long as its proof would pass by time, also where another relay’s clock is fast', async () => {
  const late = await startRelay();
  try {
    const group = await new TestGroup(late.url).create();
    const input = group.readInput({ issuedAtMs: Date.now() + LIMITS.proofWindowMs - 5_000 });
    await group.api.groups.read.mutate(input);
    late.clock.advance(2 * LIMITS.proofWindowMs - 10_000);
    const { prune } = await import('../src/store/secrets.ts');
    await prune(late.db, late.clock.now() + LIMITS.proofWindowMs - 60_000);
    expect(await codeOf(group.api.groups.read.mutate(input))).toBe('REPLAYED');
    // The minute in which it ends is kept, and not the time.
    late.clock.advance(LIMITS.proofWindowMs + 10_000 + 60_000);
    await prune(late.db, late.clock.now());
    expect(await late.db.selectFrom('nonces').selectAll().execute()).toEqual([]);
    expect(await codeOf(group.api.groups.read.mutate(input))).toBe('CLOCK_SKEW');
  } finally {
    await late.close();
  }
});

const random = (length: number) => toBase64Url(randomBytes(length));
const [FIRST, SECOND] = [
  { deviceId: newId(), secrets: random(5) },
  { deviceId: newId(), secrets: random(5) },
];
const WELCOME = { shared: random(9), joiners: [FIRST, SECOND] };

test.each([
  ['commit', { id: newId() }],
  ['commit', { commit: random(60) }],
  ['commit', { nextAccessKey: toBase64Url(newSigner().publicKey) }],
  ['commit', { welcome: null }],
  ['commit', { welcome: { ...WELCOME, shared: random(5) } }],
  ['commit', { welcome: { ...WELCOME, joiners: [FIRST] } }],
  ['commit', { welcome: { ...WELCOME, joiners: [SECOND, FIRST] } }],
  ['commit', { welcome: { ...WELCOME, joiners: [FIRST, { ...SECOND, deviceId: newId() }] } }],
  ['commit', { welcome: { ...WELCOME, joiners: [FIRST, { ...SECOND, secrets: random(5) }] } }],
  ['commit', { proof: { nonce: random(16) } }],
  ['post', { entries: [{ id: newId(), message: random(40) }] }],
  ['post', { proof: { issuedAtMs: Date.now() + 1 } }],
  ['signal', { signal: random(40) }],
  ['signal', { proof: { nonce: random(16) } }],
  ['read', { cursor: 1 }],
  ['read', { limit: 7 }],
  ['create', { groupId: newId() }],
  ['create', { accessKey: toBase64Url(newSigner().publicKey) }],
] as const)('RLY-31 %s with %o put in afterwards is refused', async (name, change) => {
  const group = await newGroup();
  const inputs = {
    commit: group.commitInput({ welcome: bytesOf(WELCOME) }),
    post: group.message(),
    signal: group.signalInput(),
    read: group.readInput(),
    create: group.creation(),
  };
  const proof = { ...inputs[name].proof, ...('proof' in change && change.proof) };
  const call = group.api.groups[name].mutate({ ...inputs[name], ...change, proof } as never);
  expect(await codeOf(call)).toBe('NOT_AUTHORIZED');
});

function bytesOf({ shared, joiners }: typeof WELCOME): WelcomeParts {
  return {
    shared: fromBase64Url(shared),
    joiners: joiners.map(({ deviceId, secrets }) => ({ deviceId, secrets: fromBase64Url(secrets) })),
  };
}

test('RLY-31 a proof serves its own procedure, group and epoch alone', async () => {
  const [group, other] = [await newGroup(), await newGroup()];
  const { proof } = group.readInput();
  const read = (input: object) => codeOf(group.api.groups.read.mutate(input as never));
  expect(await read({ ...group.readInput(), proof: group.message().proof })).toBe('NOT_AUTHORIZED');
  expect(await read({ ...other.readInput(), proof })).toBe('NOT_AUTHORIZED');
  await group.commit();
  expect(await read({ ...group.readInput({ epoch: 0 }), epoch: 1 })).toBe('NOT_AUTHORIZED');
});

test.each(Object.entries(CALLS))(
  'RLY-32 %s answers alike for no group and for a wrong key',
  async (_name, call) => {
    const wrong = await refusalOf(call(await newGroup(), { key: newSigner() }));
    const absent = await refusalOf(call(new TestGroup(relay.url)));
    expect(absent).toEqual(wrong);
  },
);

test.each(EVERY_CALL)('RLY-30 %s needs no session, and with one it is refused', async (_name, call) => {
  const device = await new TestDevice(relay.url, `d-${newId().slice(0, 8)}`).register();
  const group = await newGroup();
  const identified = new TestGroup(relay.url, group.id);
  identified.keys.splice(0, 1, ...group.keys);
  Object.assign(identified, { api: apiOf(relay.url, device.token) });
  const refusal = await refusalOf(call(identified));
  expect(refusal.code).toBe('BAD_INPUT');
  expect(refusal.details.issues).toEqual([
    { path: 'authorization', message: 'group calls carry no session' },
  ]);
  await call(group);
});

test('RLY-35 a group can be created again under its first key, and under no other', async () => {
  const group = await newGroup();
  await group.create();
  await group.commit();
  await group.create();
  const squatter = new TestGroup(relay.url, group.id);
  expect(await codeOf(squatter.create())).toBe('GROUP_EXISTS');
  expect((await group.read()).entries).toHaveLength(1);
});

test('RLY-36 RLY-45 who was removed reads up to the commit that removed him, and writes nothing', async () => {
  const group = await newGroup();
  await group.post('before');
  await group.commit();
  await group.post('after');
  const old = { epoch: 0 };
  const page = await group.read(old);
  expect(page.entries.map(({ kind }) => kind)).toEqual(['message', 'commit']);
  expect(page).toMatchObject({ cursor: 2, ended: true, more: false });
  expect(await group.read({ ...old, cursor: 2 })).toMatchObject({ entries: [], ended: true, more: false });
  expect(await codeOf(group.read({ ...old, cursor: 3 }))).toBe('CURSOR_INVALID');
  expect(await codeOf(group.post('x', old))).toBe('STALE_EPOCH');
  expect(await codeOf(group.commit(old))).toBe('EPOCH_CONFLICT');
  for (const call of Object.values(CALLS)) {
    expect(await codeOf(call(group, { epoch: 1, key: group.keys[0] }))).toBe('NOT_AUTHORIZED');
  }
});

test('RLY-37 an epoch that has not begun is told to holders of the head’s key alone', async () => {
  const group = await newGroup();
  await group.commit();
  for (const call of Object.values(CALLS)) {
    const ahead = await refusalOf(call(group, { epoch: 7, key: group.keys[1] }));
    expect(ahead).toMatchObject({ code: 'FUTURE_EPOCH', details: { head: { epoch: 1, sequence: 1 } } });
    expect(await codeOf(call(group, { epoch: 7, key: group.keys[0] }))).toBe('NOT_AUTHORIZED');
  }
});

test('RLY-17 a next key of small order is refused', async () => {
  const group = await newGroup();
  const neutral = Buffer.alloc(32);
  neutral[0] = 1;
  const nextKey = { publicKey: neutral, sign: () => Buffer.alloc(64) };
  expect(await codeOf(group.commit({ nextKey }))).toBe('BAD_INPUT');
  expect(group.epoch).toBe(0);
});
