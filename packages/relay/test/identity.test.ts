import { LIMITS, toBase64Url } from '@quicprochat/protocol';
import { newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isSmallOrder } from '../src/proof/signatures.ts';
import { hashOf } from '../src/store/secrets.ts';
import { apiOf, codeOf, refusalOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

let count = 0;
const newDevice = (handle = `person-${++count}`) => new TestDevice(relay.url, handle);
const random = (length: number) => toBase64Url(crypto.getRandomValues(new Uint8Array(length)));
const lookup = (device: TestDevice) => device.api.directory.lookup.mutate({ handle: device.handle });

test('RLY-11 RLY-20 who registers is signed in and found, with the keys and the certificate', async () => {
  const device = await newDevice().register();
  const { deviceKey, deviceCertificate, accountKey } = await device.registration();
  expect(await lookup(device)).toEqual({
    handle: device.handle,
    accountKey,
    devices: [{ deviceId: device.id, deviceKey, deviceCertificate }],
  });
});

test('RLY-20 an unknown handle is told as such', async () => {
  const device = await newDevice().register();
  const refusal = await refusalOf(device.api.directory.lookup.mutate({ handle: 'nobody' }));
  expect(refusal).toEqual({ code: 'NOT_FOUND', retryable: false, details: { handle: 'nobody' } });
});

test.each([
  'handle',
  'accountKey',
  'deviceId',
  'deviceKey',
  'deviceCertificate',
  'challenge',
  'signature',
] as const)('RLY-11 a registration whose %s is another one is refused', async (field) => {
  const [device, other] = [newDevice(), newDevice()];
  const input = { ...(await device.registration()), [field]: (await other.registration())[field] };
  expect(await codeOf(device.api.account.register.mutate(input))).toBe('UNAUTHENTICATED');
  expect(await codeOf((await other.register()).api.directory.lookup.mutate({ handle: device.handle }))).toBe(
    'NOT_FOUND',
  );
});

test('RLY-12 a handle belongs to its first account; the same registration again signs in', async () => {
  const first = await newDevice().register();
  const other = newDevice(first.handle);
  expect(await codeOf(other.register())).toBe('HANDLE_TAKEN');
  const again = new TestDevice(relay.url, first.handle, first);
  await again.register();
  expect((await lookup(again)).devices).toHaveLength(1);
});

test('RLY-12 the same device under another account key is another account', async () => {
  const { handle, id, key } = await newDevice().register();
  const other = new TestDevice(relay.url, handle, { id, key, account: newSigner() });
  expect(await codeOf(other.register())).toBe('HANDLE_TAKEN');
  const otherKey = new TestDevice(relay.url, handle, { id, key: newSigner() });
  expect(await codeOf(otherKey.register())).toBe('HANDLE_TAKEN');
});

test('RLY-12 of many who want one handle at once, one gets it', async () => {
  const rivals = Array.from({ length: 12 }, () => newDevice('wanted'));
  const outcomes = await Promise.allSettled(rivals.map((rival) => rival.register()));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('RLY-12 a device id cannot be registered again under another account', async () => {
  const device = await newDevice().register();
  const thief = new TestDevice(relay.url, 'thief', { id: device.id });
  expect(await codeOf(thief.register())).toBe('HANDLE_TAKEN');
});

test('RLY-13 a device signs in with its key, and only with that', async () => {
  const device = await newDevice().register();
  const again = new TestDevice(relay.url, device.handle, device);
  expect((await lookup(await again.login())).handle).toBe(device.handle);
  const forged = new TestDevice(relay.url, device.handle, { id: device.id, key: newSigner() });
  const unknown = newDevice();
  const refusals = [await refusalOf(forged.login()), await refusalOf(unknown.login())];
  expect(refusals[0]?.code).toBe('UNAUTHENTICATED');
  expect(refusals[0]).toEqual(refusals[1]);
});

test('RLY-11 RLY-13 a signature for one purpose does not serve the other', async () => {
  const device = await newDevice().register();
  const { challenge } = await device.api.auth.challenge.mutate({});
  const input = {
    deviceId: device.id,
    challenge,
    signature: device.answer('register', challenge, relay.host),
  };
  expect(await codeOf(device.api.auth.login.mutate(input))).toBe('UNAUTHENTICATED');
  const registration = await device.registration();
  const signature = device.answer('login', registration.challenge, relay.host);
  expect(await codeOf(device.api.account.register.mutate({ ...registration, signature }))).toBe(
    'UNAUTHENTICATED',
  );
});

test('RLY-10 a challenge is answered once, by however many at the same time', async () => {
  const device = await newDevice().register();
  const input = await device.loginInput();
  const attempts = Array.from({ length: 50 }, () => device.api.auth.login.mutate(input));
  const outcomes = await Promise.all(
    attempts.map((attempt) =>
      attempt.then(
        () => 'OK',
        () => codeOf(attempt),
      ),
    ),
  );
  expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
  expect(outcomes.filter((outcome) => outcome === 'REPLAYED')).toHaveLength(49);
  const registration = await newDevice().registration();
  await device.api.account.register.mutate(registration);
  expect(await codeOf(device.api.account.register.mutate(registration))).toBe('REPLAYED');
});

test('RLY-10 a challenge that ran out, or never was, is refused', async () => {
  const device = await newDevice().register();
  const late = await device.loginInput();
  relay.clock.advance(LIMITS.challengeLifetimeMs + 1);
  expect(await codeOf(device.api.auth.login.mutate(late))).toBe('REPLAYED');
  const challenge = random(32);
  const made = { deviceId: device.id, challenge, signature: device.answer('login', challenge, relay.host) };
  expect(await codeOf(device.api.auth.login.mutate(made))).toBe('REPLAYED');
});

test('RLY-10 a challenge tells the relay’s time by when it runs out', async () => {
  const { api } = newDevice();
  const before = relay.clock.now();
  const { expiresAtMs } = await api.auth.challenge.mutate({});
  const told = expiresAtMs - LIMITS.challengeLifetimeMs;
  expect(told).toBeGreaterThanOrEqual(before);
  expect(told).toBeLessThanOrEqual(relay.clock.now());
});

test('RLY-10 a wrong answer does not use a challenge up', async () => {
  const device = await newDevice().register();
  const input = await device.loginInput();
  expect(await codeOf(device.api.auth.login.mutate({ ...input, signature: random(64) }))).toBe(
    'UNAUTHENTICATED',
  );
  await device.api.auth.login.mutate(input);
});

test('RLY-14 a session lasts an hour, and its token is nowhere in the database', async () => {
  const device = await newDevice().register();
  const token = Buffer.from(device.token, 'base64url');
  expect(token).toHaveLength(32);
  const hashes = await relay.db.selectFrom('sessions').select('token_hash').execute();
  expect(hashes.some(({ token_hash }) => token_hash.equals(hashOf(token)))).toBe(true);
  expect(hashes.some(({ token_hash }) => token_hash.equals(token))).toBe(false);
  await lookup(device);
  relay.clock.advance(LIMITS.sessionLifetimeMs + 1);
  expect(await codeOf(lookup(device))).toBe('UNAUTHENTICATED');
});

test.each(['', 'x', random(32), `${random(32)}=`])('RLY-15 the token %j opens nothing', async (token) => {
  const { handle } = await newDevice().register();
  expect(await codeOf(apiOf(relay.url, token).directory.lookup.mutate({ handle }))).toBe('UNAUTHENTICATED');
});

test('RLY-16 a signature for another relay is refused', async () => {
  const device = newDevice();
  const input = await device.registration('evil.example');
  expect(await codeOf(device.api.account.register.mutate(input))).toBe('UNAUTHENTICATED');
  await device.register();
  const login = await device.loginInput('evil.example');
  expect(await codeOf(device.api.auth.login.mutate(login))).toBe('UNAUTHENTICATED');
});

test('RLY-16 a relay that knows its names takes signatures for those, and not for what Host says', async () => {
  const named = await startRelay({ publicHosts: ['relay.example', 'other.example'] });
  try {
    // The caller's Host header is 127.0.0.1 with a port: neither of the names.
    const device = new TestDevice(named.url, 'alice');
    expect(await codeOf(device.register())).toBe('UNAUTHENTICATED');
    await device.api.account.register.mutate(await device.registration('relay.example'));
  } finally {
    await named.close();
  }
});

test.each([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000080',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
])('RLY-17 %s is of small order, and no fresh key is', (key) => {
  expect(isSmallOrder(Buffer.from(key, 'hex'))).toBe(true);
  expect(isSmallOrder(newSigner().publicKey)).toBe(false);
});

test('RLY-17 an account key of small order certifies nothing', async () => {
  const device = newDevice();
  // R is the neutral element and S is 0: a good signature over anything, under a key of order 1.
  const neutral = Buffer.alloc(32);
  neutral[0] = 1;
  const input = {
    ...(await device.registration()),
    accountKey: toBase64Url(neutral),
    deviceCertificate: toBase64Url(Buffer.concat([neutral, Buffer.alloc(32)])),
  };
  expect(await codeOf(device.api.account.register.mutate(input))).toBe('UNAUTHENTICATED');
});
