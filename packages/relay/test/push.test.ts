import { createPublicKey, verify } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { removeAccount, type Observed } from '../src/index.ts';
import { endpointOf, PUSH_HOSTS } from '../src/push/endpoint.ts';
import { apiOf, codeOf, refusalOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup, welcomeFor } from './support/group.ts';
import { startPushService } from './support/push-service.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

let relay: TestRelay;
let service: Awaited<ReturnType<typeof startPushService>>;
const observed: Observed[] = [];
let count = 0;
beforeAll(async () => {
  service = await startPushService();
  const push = { hosts: [service.host], ca: service.ca };
  relay = await startRelay({ push, observe: (event) => observed.push(event) });
});
beforeEach(() => {
  service.answerWith(201);
  service.pushed.length = 0;
  observed.length = 0;
});
afterAll(async () => {
  await relay.close();
  await service.close();
});

/** Somebody whose browser takes pushes at `/push/` and the handle. */
async function newListener(): Promise<TestDevice> {
  const device = await new TestDevice(relay.url, `pushed-${++count}`).register();
  await device.api.push.subscribe.mutate({ endpoint: service.endpoint(device.handle) });
  return device;
}

async function invite(...devices: TestDevice[]): Promise<TestGroup> {
  const group = await new TestGroup(relay.url).create();
  await group.commit({ welcome: welcomeFor(...devices.map(({ id }) => id)) });
  return group;
}

const outcomes = () => observed.flatMap((event) => (event.type === 'pushed' ? [event.outcome] : []));
/** Waits until so many pushes have ended. */
const ended = (pushes: number) => vi.waitFor(() => expect(outcomes()).toHaveLength(pushes), 15_000);
const paths = () => service.pushed.map(({ path }) => path);
const endpoints = async () =>
  (await relay.db.selectFrom('push_subscriptions').select('endpoint').execute()).map((row) => row.endpoint);

test('RLY-76 who is invited is told so once, by an empty push that the relay’s key signs for that service', async () => {
  const [device] = [await newListener(), await newListener()];
  const group = await invite(device);
  await group.post('of no push');
  await ended(1);
  expect(service.pushed).toMatchObject([{ path: `/push/${device.handle}`, bytes: 0 }]);
  const { headers } = service.pushed[0] ?? expect.unreachable();
  expect(headers).toMatchObject({ 'content-length': '0', ttl: '86400', topic: 'inbox' });
  expect(headers).not.toHaveProperty('content-encoding');

  const [, token = '', key = ''] = /^vapid t=([\w.-]+), k=([\w-]+)$/.exec(headers.authorization ?? '') ?? [];
  expect(await apiOf(relay.url).push.key.mutate({})).toEqual({ pushKey: key });
  const [header = '', claims = '', signature = ''] = token.split('.');
  const json = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
  expect(json(header)).toEqual({ typ: 'JWT', alg: 'ES256' });
  const { aud, exp, sub } = json(claims) as { aud: string; exp: number; sub: string };
  expect([aud, sub]).toEqual([`https://${service.host}`, 'https://localhost']);
  expect(exp * 1_000).toBeGreaterThan(relay.clock.now());
  expect(exp * 1_000).toBeLessThan(relay.clock.now() + 24 * 60 * 60 * 1_000);
  const point = Buffer.from(key, 'base64url');
  const half = (from: number) => point.subarray(from, from + 32).toString('base64url');
  const jwk = { kty: 'EC', crv: 'P-256', x: half(1), y: half(33) };
  const signer = createPublicKey({ key: jwk, format: 'jwk' });
  const isSigned = (by: string) =>
    verify(
      'sha256',
      Buffer.from(`${header}.${claims}`),
      { key: signer, dsaEncoding: 'ieee-p1363' },
      Buffer.from(by, 'base64url'),
    );
  expect([isSigned(signature), isSigned(signature.replace(/^./, (c) => (c === 'A' ? 'B' : 'A')))]).toEqual([
    true,
    false,
  ]);
});

test('RLY-76 a newer address takes the place of the old one, and one that is taken back gets nothing', async () => {
  const [moved, left, stays] = [await newListener(), await newListener(), await newListener()];
  await moved.api.push.subscribe.mutate({ endpoint: service.endpoint('moved') });
  await left.api.push.unsubscribe.mutate({});
  await invite(moved, left, stays);
  await ended(2);
  expect(paths().sort()).toEqual(['/push/moved', `/push/${stays.handle}`].sort());
});

test.each([404, 410])('RLY-76 an address of which the service says %i is forgotten', async (status) => {
  const device = await newListener();
  service.answerWith(status);
  await invite(device);
  await ended(1);
  expect(outcomes()).toEqual(['gone']);
  expect(await endpoints()).not.toContain(service.endpoint(device.handle));
});

test.each([500, 429, 307])(
  'RLY-77 after %i an address is kept, the push is lost, and nothing is followed',
  async (status) => {
    const device = await newListener();
    service.answerWith(status);
    await invite(device);
    await ended(1);
    expect(outcomes()).toEqual(['failed']);
    expect(paths()).toEqual([`/push/${device.handle}`]);
    expect(await endpoints()).toContain(service.endpoint(device.handle));
  },
);

test('RLY-76 an address that leads elsewhere is not taken, and nothing is sent there', async () => {
  const device = await new TestDevice(relay.url, `pushed-${++count}`).register();
  const { host } = service;
  for (const endpoint of [
    `http://${host}/`,
    'https://localhost/',
    'https://127.0.0.1:4001/metrics',
    `https://${host}.example/`,
    `https://user@${host}/`,
    `https://user:password@${host}/`,
    'https://[::1]/',
    'file:///etc/passwd',
    `https://${host}/${'x'.repeat(1_024)}`,
  ]) {
    const code = await codeOf(device.api.push.subscribe.mutate({ endpoint }));
    expect(['BAD_INPUT', 'PAYLOAD_TOO_LARGE'], endpoint).toContain(code);
  }
  const refusal = await refusalOf(device.api.push.subscribe.mutate({ endpoint: 'https://canary.example/' }));
  expect(refusal.details.issues?.[0]?.path).toBe('endpoint');
  expect(JSON.stringify(refusal)).not.toContain('canary');
  await invite(device, await newListener());
  await ended(1);
});

test('RLY-76 an address whose host the operator has taken out since is sent nothing', async () => {
  const [device, other] = [await newListener(), await newListener()];
  const elsewhere = `https://127.0.0.1:${service.host.split(':')[1] ?? ''}/push/elsewhere`;
  await relay.db
    .updateTable('push_subscriptions')
    .set({ endpoint: elsewhere })
    .where('device_id', '=', device.id)
    .execute();
  await invite(device, other);
  await ended(2);
  expect(paths()).toEqual([`/push/${other.handle}`]);
});

test('RLY-76 a pattern stands for the names before it, and for nothing else', () => {
  const isTaken = (text: string) => endpointOf(text, PUSH_HOSTS) !== undefined;
  for (const good of ['https://web.push.apple.com/x', 'https://wns2.notify.windows.com/w/?t=1'])
    expect(isTaken(good)).toBe(true);
  for (const bad of [
    'https://push.apple.com/',
    'https://evilpush.apple.com/',
    'https://web.push.apple.com.example/',
    'https://web.push.apple.com:8443/',
    'https://x.fcm.googleapis.com/',
    'https://example/?web.push.apple.com',
    'https://example/#.push.apple.com',
  ])
    expect(isTaken(bad), bad).toBe(false);
});

test('RLY-77 a service that never answers keeps no call waiting, and a few of its pushes are all that are on their way', async () => {
  const own = await startRelay({ push: { hosts: [service.host], ca: service.ca }, instances: 1 });
  try {
    service.answerWith('never');
    const devices: TestDevice[] = [];
    for (let i = 0; i < 20; i += 1) {
      const device = await new TestDevice(own.url, `waits-${i}`).register();
      await device.api.push.subscribe.mutate({ endpoint: service.endpoint(device.handle) });
      devices.push(device);
    }
    const group = await new TestGroup(own.url).create();
    await group.commit({ welcome: welcomeFor(...devices.map(({ id }) => id)) });
    await vi.waitFor(() => expect(paths()).toHaveLength(16), 15_000);
    for (let i = 0; i < 5; i += 1) await group.post('not kept waiting');
    expect(new Set(paths()).size).toBe(16);
  } finally {
    // It is not kept from stopping either.
    await own.close();
  }
});

test('RLY-99 with its account, a device loses its address', async () => {
  const device = await newListener();
  await removeAccount(relay.db, device.handle, { freeHandle: false });
  expect(await endpoints()).not.toContain(service.endpoint(device.handle));
});
