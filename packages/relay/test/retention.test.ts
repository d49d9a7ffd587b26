import { randomBytes } from 'node:crypto';
import { LIMITS, toBase64Url } from '@quicprochat/protocol';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { expire, type Observed } from '../src/index.ts';
import { codeOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup, welcomeFor } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;
const SUITE = 1;

let relay: TestRelay;
beforeEach(async () => void (relay = await startRelay()));
afterEach(() => relay.close());

const newDevice = (handle: string) => new TestDevice(relay.url, handle).register();
const publish = (device: TestDevice, keyPackages: readonly string[], lastResort?: string) =>
  device.api.keyPackages.publish.mutate({ suite: SUITE, keyPackages: [...keyPackages], lastResort });
const claim = (device: TestDevice, handle: string) =>
  device.api.keyPackages.claim.mutate({ suite: SUITE, handles: [handle] });
const expireNow = () => expire(relay.db, relay.clock.now());
const newBytes = () => toBase64Url(randomBytes(30));

/** Sessions last an hour, and the clock is days on. */
const again = (device: TestDevice) => device.login();

test('RLY-94 a key package goes when its 84 days are over and not before, the last-resort one too', async () => {
  const [alice, bob] = [await newDevice('alice'), await newDevice('bob')];
  await publish(alice, [newBytes(), newBytes()], newBytes());
  relay.clock.advance(LIMITS.keyPackageKeptMs - DAY_MS);
  expect(await expireNow()).toEqual({ keyPackages: 0, spentKeyPackages: 0, welcomes: 0 });
  await claim(await again(bob), 'alice');

  relay.clock.advance(2 * DAY_MS);
  // One of the two, and the last resort; the other was claimed, and that is forgotten now.
  expect(await expireNow()).toEqual({ keyPackages: 2, spentKeyPackages: 1, welcomes: 0 });
  expect(await codeOf(claim(await again(bob), 'alice'))).toBe('KEY_PACKAGES_EXHAUSTED');
  await publish(await again(alice), [newBytes()]);
  expect((await claim(bob, 'alice')).devices).toHaveLength(1);
});

test('RLY-94 a claimed package that is uploaded again stays claimed as long as it lives', async () => {
  const [alice, bob] = [await newDevice('alice'), await newDevice('bob')];
  const only = newBytes();
  await publish(alice, [only]);
  await claim(bob, 'alice');
  relay.clock.advance(LIMITS.keyPackageKeptMs - DAY_MS);
  await expireNow();
  expect(await publish(await again(alice), [only])).toEqual({ available: 0 });
});

test('RLY-95 a Welcome that nobody takes goes after 91 days, and the inbox goes on where it was', async () => {
  const [alice, bob] = [await newDevice('alice'), await newDevice('bob')];
  const group = await new TestGroup(relay.url).create();
  await group.commit({ welcome: welcomeFor(alice.id, bob.id) });
  const inboxOf = async (device: TestDevice) => {
    const { entries } = await (await again(device)).api.inbox.read.mutate({ cursor: 0, limit: 9 });
    return entries.map(({ sequence }) => sequence);
  };
  relay.clock.advance(LIMITS.welcomeKeptMs - DAY_MS);
  expect((await expireNow()).welcomes).toBe(0);
  expect(await inboxOf(alice)).toEqual([1]);

  relay.clock.advance(2 * DAY_MS);
  expect((await expireNow()).welcomes).toBe(1);
  expect([await inboxOf(alice), await inboxOf(bob)]).toEqual([[], []]);
  for (const table of ['welcomes', 'inbox'] as const)
    expect(await relay.db.selectFrom(table).selectAll().execute()).toEqual([]);
  await group.commit({ welcome: welcomeFor(alice.id), issuedAtMs: relay.clock.now() });
  expect(await inboxOf(alice)).toEqual([2]);
  // What the group said is there still.
  expect((await group.read({ issuedAtMs: relay.clock.now() })).entries).toHaveLength(2);
});

test('RLY-96 what expires has a day that is the same for all of that day, and entries have none', async () => {
  const midnight = Math.ceil(relay.clock.now() / DAY_MS) * DAY_MS;
  const alice = await newDevice('alice');
  const days = new Set<number | null>();
  for (const hour of [1, 5, 12, 23]) {
    relay.clock.advance(midnight + hour * 60 * 60 * 1_000 - relay.clock.now());
    await publish(await again(alice), [newBytes()]);
    for (const row of await relay.db.selectFrom('key_packages').select('expires_on').execute())
      days.add(row.expires_on);
  }
  expect([...days]).toEqual([midnight / DAY_MS + LIMITS.keyPackageKeptMs / DAY_MS + 1]);
  const tables = await relay.db.introspection.getTables();
  for (const name of ['entries', 'logs', 'epochs']) {
    const columns = tables.find((table) => table.name === name)?.columns.map((column) => column.name);
    expect(columns).not.toContain('expires_on');
  }
});

test('RLY-94 RLY-95 rows of a version that knew no days get one, and go when it comes', async () => {
  const group = { group_id: 'g', group_sequence: 1, shared: Buffer.from('s') };
  await relay.db.insertInto('welcomes').values(group).execute();
  await relay.db
    .insertInto('spent_key_packages')
    .values({ hash: Buffer.from('h') })
    .execute();
  expect(await expireNow()).toEqual({ keyPackages: 0, spentKeyPackages: 0, welcomes: 0 });
  relay.clock.advance(LIMITS.welcomeKeptMs + DAY_MS);
  expect(await expireNow()).toEqual({ keyPackages: 0, spentKeyPackages: 1, welcomes: 1 });
});

test('RLY-94 more than one pass deletes goes in the next', async () => {
  const row = (i: number) => ({ hash: Buffer.from(String(i)), expires_on: 1 });
  await relay.db
    .insertInto('spent_key_packages')
    .values(Array.from({ length: 1_500 }, (_, i) => row(i)))
    .execute();
  expect([(await expireNow()).spentKeyPackages, (await expireNow()).spentKeyPackages]).toEqual([1_000, 500]);
});

test('RLY-94 a relay does it by itself, says how much it was, and a fault of the store does not end it', async () => {
  const observed: Observed[] = [];
  const own = await startRelay({ expireEveryMs: 20, observe: (event) => observed.push(event) });
  try {
    const alice = await new TestDevice(own.url, 'alice').register();
    await alice.api.keyPackages.publish.mutate({ suite: SUITE, keyPackages: [newBytes()] });
    await own.db.schema.alterTable('welcomes').renameTo('elsewhere').execute();
    await vi.waitFor(() => expect(own.faults.length).toBeGreaterThan(0), 5_000);
    await own.db.schema.alterTable('elsewhere').renameTo('welcomes').execute();
    own.clock.advance(LIMITS.keyPackageKeptMs + DAY_MS);
    const expired = { type: 'expired', keyPackages: 1, spentKeyPackages: 0, welcomes: 0, blobs: 0 };
    await vi.waitFor(() => expect(observed).toContainEqual(expired), 5_000);
  } finally {
    await own.close();
  }
});
