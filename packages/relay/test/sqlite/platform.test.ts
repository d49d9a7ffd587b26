import { AsyncLocalStorage, createHook } from 'node:async_hooks';
import { deviceCertificateTranscript, LIMITS, toBase64Url, type StreamEvent } from '@quicprochat/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import {
  contextFor,
  createServices,
  localWake,
  nodePlatform,
  openSqlite,
  relayRouter,
  type RelayPlatform,
} from '../../src/index.ts';
import { RelayError } from '../../src/errors.ts';
import { RATES } from '../../src/limits/rates.ts';
import { TestDevice } from '../support/device.ts';
import { TestGroup } from '../support/group.ts';
import { SeededPlatform } from '../support/seeded-platform.ts';

const HOST = 'relay.example';

const toClose: (() => Promise<void>)[] = [];
afterEach(async () => {
  vi.restoreAllMocks();
  await Promise.all(toClose.splice(0).map((close) => close()));
});

/** A relay without a server, whose procedures are called in this process. */
async function relayOn(platform: RelayPlatform) {
  const db = await openSqlite(':memory:', { platform });
  const { services, close } = createServices({ db, wake: localWake(), platform });
  toClose.push(close);
  const ctx = contextFor(services, { host: HOST, address: '192.0.2.1' });
  return relayRouter.createCaller(ctx);
}

type Caller = Awaited<ReturnType<typeof relayOn>>;

/** What a device and a group send: made once, so that each relay gets the same. */
function clients(issuedAtMs: number) {
  const url = `http://${HOST}`;
  const group = new TestGroup(url);
  const at = { issuedAtMs };
  const creation = group.creation(at);
  const message = group.message(at);
  const read = group.readInput(at);
  const stream = group.streamInput(at);
  const commit = group.commitInput(at);
  return { device: new TestDevice(url, 'alice'), creation, message, read, stream, commit };
}

async function register(relay: Caller, device: TestDevice) {
  const { challenge } = await relay.auth.challenge({});
  const keys = { accountKey: device.account.publicKey, deviceKey: device.key.publicKey };
  const claim = { handle: device.handle, deviceId: device.id, ...keys };
  const session = await relay.account.register({
    handle: device.handle,
    deviceId: device.id,
    accountKey: toBase64Url(keys.accountKey),
    deviceKey: toBase64Url(keys.deviceKey),
    deviceCertificate: toBase64Url(device.account.sign(deviceCertificateTranscript(claim))),
    challenge,
    signature: device.answer('register', challenge, HOST),
  });
  return { challenge, session };
}

/** One call of each kind, a stream among them. Gives all that the relay answers. */
async function answersOf(relay: Caller, sent: ReturnType<typeof clients>): Promise<unknown[]> {
  const answers: unknown[] = [
    await relay.receipts.key({}),
    await relay.push.key({}),
    await register(relay, sent.device),
    await relay.groups.create(sent.creation),
    await relay.groups.post(sent.message),
  ];
  const { ticket } = await relay.groups.openStream({ groups: [sent.stream] });
  const events = await relay.streams.events({ ticket });
  const taken = await take(events, 2);
  // Written at the same time: they share a commit.
  const together = await Promise.all([relay.groups.commit(sent.commit), relay.auth.challenge({})]);
  taken.push(...(await take(events, 2)));
  const page = await relay.groups.read(sent.read);
  return [...answers, ticket, taken, together, page];
}

async function take(events: AsyncIterable<StreamEvent>, count: number): Promise<StreamEvent[]> {
  const iterator = events[Symbol.asyncIterator]();
  const taken: StreamEvent[] = [];
  while (taken.length < count) {
    const next = await iterator.next();
    if (next.done === true) throw new Error('the stream has ended');
    taken.push(next.value);
  }
  return taken;
}

test('relays that have the same clock and the same chance give the same answers to the same calls', async () => {
  const sent = clients(new SeededPlatform('').now());
  const [one, same, other] = await Promise.all(
    ['one', 'one', 'other'].map(async (seed) => answersOf(await relayOn(new SeededPlatform(seed)), sent)),
  );
  expect(same).toEqual(one);
  expect(JSON.stringify(one)).toContain('"signature"');
  // The answer to the creation of a group is empty. In all others is a key, a token, an id or a signature.
  const differing = one?.map((answer, i) => JSON.stringify(answer) !== JSON.stringify(other?.[i]));
  expect(differing).toEqual([true, true, true, false, true, true, true, true, true]);
});

/** What of Node's own time, timers and threads is used by the work and by what it begins. */
async function ambientUseOf(work: () => Promise<unknown>): Promise<string[]> {
  const inside = new AsyncLocalStorage<true>();
  const used = new Set<string>();
  const note = (what: string) => {
    if (inside.getStore()) used.add(what);
  };
  const jobs = new Map<number, string>();
  const hook = createHook({
    init: (id, type) => {
      // OpenSSL's jobs are called so whether they are done at once or on a thread. It comes back from a thread alone.
      if (!type.endsWith('REQUEST')) note(type);
      else if (inside.getStore()) jobs.set(id, type);
    },
    before: (id) => {
      const job = jobs.get(id);
      if (job !== undefined) used.add(job);
    },
  }).enable();
  for (const clock of [Date, performance]) {
    const real = clock.now.bind(clock);
    vi.spyOn(clock, 'now').mockImplementation(() => {
      note('clock');
      return real();
    });
  }
  try {
    await inside.run(true, work);
  } finally {
    hook.disable();
  }
  return [...used].sort();
}

test('procedures use no clock, timer or thread but the platform’s', async () => {
  const platform = new SeededPlatform('seed');
  const relay = await relayOn(platform);
  const sent = clients(platform.now());
  expect(await ambientUseOf(() => answersOf(relay, sent))).toEqual(['PROMISE']);
});

test('on Node’s platform, the same calls use what Node has', async () => {
  const relay = await relayOn(nodePlatform);
  const sent = clients(Date.now());
  const used = await ambientUseOf(() => answersOf(relay, sent));
  expect(used).toEqual(expect.arrayContaining(['Immediate', 'SIGNREQUEST', 'Timeout', 'clock']));
});

test('a stream lasts for as long as the platform’s time says, and leaves no timer', async () => {
  const platform = new SeededPlatform('seed');
  const relay = await relayOn(platform);
  const sent = clients(platform.now());
  await relay.groups.create(sent.creation);
  const { ticket } = await relay.groups.openStream({ groups: [sent.stream] });
  const events = await relay.streams.events({ ticket });
  await take(events, 1);
  const end = events[Symbol.asyncIterator]().next();
  platform.advance(LIMITS.sessionLifetimeMs - 1);
  expect(platform.waiting).toBe(1);
  platform.advance(1);
  expect(await end).toMatchObject({ done: true });
  expect(platform.waiting).toBe(0);
});

test('rate limits begin anew when the platform’s minute is over', async () => {
  const platform = new SeededPlatform('seed');
  const relay = await relayOn(platform);
  const call = () =>
    relay.directory.lookup({ handle: 'nobody' }).then(
      () => 'OK',
      (error: unknown) => (error instanceof RelayError ? error.qpc : error),
    );
  platform.advance(500);
  for (let i = 0; i < RATES.directory; i += 1) await call();
  platform.advance(59_999);
  expect(await call()).toBe('RATE_LIMITED');
  platform.advance(1);
  expect(await call()).toBe('UNAUTHENTICATED');
});
