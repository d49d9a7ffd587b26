import { randomBytes } from 'node:crypto';
import { LIMITS, toBase64Url } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { BlindCounter } from '../src/limits/blind-counter.ts';
import { Counter, MOST_CALLERS } from '../src/limits/counter.ts';
import { diskRoom } from '../src/limits/disk-room.ts';
import { QUOTAS, SHARES } from '../src/limits/rates.ts';
import { nodePlatform } from '../src/platform.ts';
import { codeOf, refusalOf } from './support/api.ts';
import { gainsNothing } from './support/attack.ts';
import { TestBlob } from './support/blob.ts';
import { newFolder } from './support/blob-stores.ts';
import { TestDevice } from './support/device.ts';
import { newEntries, TestGroup, welcomeFor } from './support/group.ts';
import { startRelay, type TestRelay, type TestRelayOptions } from './support/relay.ts';

vi.mock(import('../src/limits/rate-limit.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.rateLimit(await original()),
);
vi.mock(import('../src/store/welcomes.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.welcomes(await original()),
);

const FACTOR = 0.01;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const newDevice = ({ url } = relay) => new TestDevice(url, `p-${newId().slice(0, 12)}`).register();

/** A relay that allows a hundredth. One, since each counts for itself. */
async function atStrict<T>(
  work: (relay: TestRelay) => Promise<T>,
  options: TestRelayOptions = {},
): Promise<T> {
  const strict = await startRelay({
    instances: 1,
    trustedProxies: ['127.0.0.1'],
    rateFactor: FACTOR,
    ...options,
  });
  try {
    return await work(strict);
  } finally {
    await strict.close();
  }
}

/** The status of a call that comes from an address. */
async function statusOf(url: string, procedure: string, input: unknown, address: string): Promise<number> {
  const headers = { 'content-type': 'application/json', 'x-forwarded-for': address };
  const init = { method: 'POST', headers, body: JSON.stringify(input) };
  return (await fetch(`${url}/trpc/${procedure}`, init)).status;
}

gainsNothing('RLY-102 an address creates groups without end, and others go on', 'rates', () =>
  atStrict(async ({ url }) => {
    const create = (address: string) =>
      statusOf(url, 'groups.create', new TestGroup(url).creation(), address);
    const statuses = [];
    for (let i = 0; i < 40; i += 1) statuses.push(await create('192.0.2.1'));
    expect(await create('192.0.2.2')).toBe(200);
    return statuses.filter((status) => status === 200).length - 20;
  }),
);

gainsNothing('RLY-102 an address stores bytes in many groups, and others go on', 'rates', () =>
  atStrict(async ({ url }) => {
    const groups = [];
    for (let i = 0; i < 8; i += 1) groups.push(await new TestGroup(url).create());
    const device = await newDevice({ url } as TestRelay);
    const mebibyte = 1024 * 1024;
    let stored = 0;
    // By messages, by a commit, and by what a Welcome’s joiners share.
    for (const group of groups) {
      const entries = newEntries(16, mebibyte / 16);
      const welcome = { ...welcomeFor(device.id), shared: randomBytes(mebibyte) };
      const writes = [
        ['groups.post', group.batch(entries)],
        ['groups.commit', group.commitInput({ payload: randomBytes(mebibyte), welcome })],
      ] as const;
      for (const [procedure, input] of writes)
        if ((await statusOf(url, procedure, input, '192.0.2.1')) === 200)
          stored += procedure === 'groups.post' ? mebibyte : 2 * mebibyte;
    }
    const [group] = groups;
    expect(await statusOf(url, 'groups.read', group?.readInput({ epoch: 0 }), '192.0.2.1')).toBe(200);
    const other = await new TestGroup(url).create();
    expect(await statusOf(url, 'groups.post', other.message(), '192.0.2.2')).toBe(200);
    return Math.max(0, stored - LIMITS.maxBodyBytes);
  }),
);

test('RLY-102 a log takes so many messages a day; a commit comes through, and the next day all goes on', async () => {
  let elapsedMs = 0;
  const platform = { ...nodePlatform, elapsedMs: () => elapsedMs };
  await atStrict(
    async ({ url }) => {
      const group = await new TestGroup(url).create();
      const post = () => codeOfPost(group);
      let taken = 0;
      while ((await post()) === 'OK') {
        taken += LIMITS.maxPostEntries;
        elapsedMs += 10_000;
      }
      expect(taken).toBeLessThanOrEqual(QUOTAS.dailyMessage * FACTOR);
      expect(taken).toBeGreaterThan(QUOTAS.dailyMessage * FACTOR - LIMITS.maxPostEntries);
      const { details } = await refusalOf(group.postAll(newEntries(1)));
      expect(details.retryAfterMs).toBe(DAY_MS - elapsedMs);
      await group.commit();
      expect(await post()).toBe('RATE_LIMITED');
      elapsedMs = DAY_MS;
      expect(await post()).toBe('OK');
    },
    { platform },
  );
});

function codeOfPost(group: TestGroup): Promise<string> {
  const call = group.postAll(newEntries(LIMITS.maxPostEntries));
  return call.then(
    () => 'OK',
    () => codeOf(call),
  );
}

test('RLY-102 no address alone uses up what a log takes in a day', () => {
  expect(QUOTAS.storedBytes).toBeLessThan(QUOTAS.dailyMessageBytes);
});

/** How many groups an account gets a device into, from one address, beyond what it may. */
function invitations(count: number): Promise<number> {
  return atStrict(async (strict) => {
    const { url } = strict;
    const victim = await newDevice(strict);
    const invite = async (address: string) => {
      const group = await new TestGroup(url).create();
      return statusOf(url, 'groups.commit', group.commitInput({ welcome: welcomeFor(victim.id) }), address);
    };
    let invited = 0;
    for (let i = 0; i < count; i += 1) if ((await invite('192.0.2.1')) === 200) invited += 1;
    expect(await invite('192.0.2.2')).toBe(200);
    const { entries } = await victim.api.inbox.read.mutate({ cursor: 0, limit: 500 });
    expect(entries).toHaveLength(invited + 1);
    return invited - 10;
  });
}

gainsNothing('RLY-103 an address puts a device into group after group', 'shares of inboxes', () =>
  invitations(15),
);

test('RLY-103 what is counted for an address and a device is known by no name, and not after ten minutes', () => {
  let elapsedMs = 0;
  const counter = new BlindCounter(
    { ...nodePlatform, elapsedMs: () => elapsedMs },
    { most: SHARES.welcome, windowMs: 10 * MINUTE_MS },
  );
  for (let i = 0; i < SHARES.welcome; i += 1) expect(counter.count('192.0.2.1 device')).toBeUndefined();
  elapsedMs = 10 * MINUTE_MS - 1;
  expect(counter.count('192.0.2.1 device')).toEqual({ retryAfterMs: 1 });
  expect(counter.count('192.0.2.2 device')).toBeUndefined();
  elapsedMs = 10 * MINUTE_MS;
  expect(counter.count('192.0.2.1 device')).toBeUndefined();
});

test('RLY-102 addresses without end are not counted without end', () => {
  const options = { most: 1, windowMs: DAY_MS };
  for (const counter of [new Counter(nodePlatform, options), new BlindCounter(nodePlatform, options)]) {
    for (let i = 0; i <= MOST_CALLERS; i += 1) counter.count(`caller ${i}`);
    expect(counter.count(`caller ${MOST_CALLERS}`)).toBeDefined();
    // The first was forgotten.
    expect(counter.count('caller 0')).toBeUndefined();
  }
});

/** Lets an inbox hold as much as it can, but for this. */
async function fill(device: TestDevice, left: { welcomes?: number; bytes?: number }): Promise<void> {
  await new TestGroup(relay.url).create().then((group) => group.commit({ welcome: welcomeFor(device.id) }));
  const head = relay.db.updateTable('inbox_heads').where('device_id', '=', device.id);
  if (left.welcomes !== undefined)
    await head.set({ sequence: LIMITS.maxInboxWelcomes - left.welcomes }).execute();
  if (left.bytes !== undefined) await head.set({ bytes: LIMITS.maxInboxBytes - left.bytes }).execute();
}

gainsNothing('RLY-104 an inbox takes more Welcomes than it holds', 'the room of inboxes', async () => {
  const device = await newDevice();
  await fill(device, { welcomes: 1 });
  const invite = async () => {
    const group = await new TestGroup(relay.url).create();
    const call = group.commit({ welcome: welcomeFor(device.id) });
    return call.then(
      () => 'OK',
      () => codeOf(call),
    );
  };
  const outcomes = await Promise.all([invite(), invite(), invite()]);
  return outcomes.filter((outcome) => outcome === 'OK').length - 1;
});

test('RLY-104 who is invited into a full inbox is named, and nothing is stored; what is acknowledged makes room', async () => {
  const [full, free] = [await newDevice(), await newDevice()];
  await fill(full, { welcomes: 0 });
  const group = await new TestGroup(relay.url).create();
  const welcome = welcomeFor(full.id, free.id);
  expect(await refusalOf(group.commit({ welcome }))).toMatchObject({
    code: 'QUOTA_EXCEEDED',
    details: { handle: full.handle },
  });
  expect((await group.read()).entries).toEqual([]);
  expect((await free.api.inbox.read.mutate({ cursor: 0, limit: 500 })).entries).toEqual([]);
  // Nobody is kept out of a group by it but them.
  await group.commit({ welcome: welcomeFor(free.id) });
  await full.api.inbox.acknowledge.mutate({ sequence: LIMITS.maxInboxWelcomes });
  await group.commit({ welcome: welcomeFor(full.id) });
});

test('RLY-104 an inbox holds so many bytes, shared parts included', async () => {
  const device = await newDevice();
  const welcome = welcomeFor(device.id);
  const bytes = welcome.shared.length + (welcome.joiners[0]?.secrets.length ?? 0);
  await fill(device, { bytes });
  const group = await new TestGroup(relay.url).create();
  const larger = { ...welcome, shared: randomBytes(welcome.shared.length + 1) };
  expect(await codeOf(group.commit({ welcome: larger }))).toBe('QUOTA_EXCEEDED');
  await group.commit({ welcome });
  expect(await codeOf(group.commit({ welcome }))).toBe('QUOTA_EXCEEDED');
});

test('RLY-105 where the disk has too little room, nothing is added, and all else goes on', async () => {
  let hasRoom = true;
  const store = await newFolder();
  const seen: unknown[] = [];
  const options = {
    rateFactor: 1,
    blobs: store.at,
    hasRoom: async () => hasRoom,
    observe: (observed: { type: string }) => observed.type === 'limited' && seen.push(observed),
  };
  await atStrict(async (strict) => {
    const { url } = strict;
    const device = await newDevice(strict);
    const group = await new TestGroup(url).create();
    await group.post('before');
    const late = new TestDevice(url, 'late');
    const registration = await late.registration();
    hasRoom = false;
    const { api } = device;
    const adding = [
      () => late.api.account.register.mutate(registration),
      () => api.keyPackages.publish.mutate({ suite: 1, keyPackages: [toBase64Url(randomBytes(50))] }),
      () => new TestGroup(url).create(),
      () => group.post('more'),
      () => group.commit(),
      () => new TestBlob(url, group, randomBytes(9)).create(),
    ];
    for (const add of adding) expect(await codeOf(add())).toBe('UNAVAILABLE');
    expect(seen).toEqual(adding.map(() => ({ type: 'limited', limit: 'disk' })));
    await device.login();
    expect((await group.read()).entries).toHaveLength(1);
    expect((await device.api.inbox.read.mutate({ cursor: 0, limit: 1 })).entries).toEqual([]);
    hasRoom = true;
    // The challenge was not used up.
    await late.api.account.register.mutate(registration);
    expect(await group.post('after')).toBe(2);
  }, options);
  await store.remove();
});

test('RLY-105 the system is asked for a disk’s room once a second at most', async () => {
  let elapsedMs = 0;
  const platform = { ...nodePlatform, elapsedMs: () => elapsedMs };
  expect(await diskRoom('/', 0, platform)()).toBe(true);
  const hasRoom = diskRoom('/', Number.MAX_SAFE_INTEGER, platform);
  expect(await hasRoom()).toBe(false);
  const first = hasRoom();
  elapsedMs = 999;
  expect(hasRoom()).toBe(first);
  elapsedMs = 1_000;
  expect(hasRoom()).not.toBe(first);
  expect(await diskRoom('/no/such/folder', 1, platform)()).toBe(true);
});
