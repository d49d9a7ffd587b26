import { randomBytes } from 'node:crypto';
import { newId } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Db } from '../../src/index.ts';
import { createAccount } from '../../src/store/accounts.ts';
import { appendCommit } from '../../src/store/append-commit.ts';
import { createGroup } from '../../src/store/groups.ts';
import { acknowledgeInbox, readInbox } from '../../src/store/inbox.ts';
import { claimKeyPackages, countKeyPackages, publishKeyPackages } from '../../src/store/key-packages.ts';
import { useNonces } from '../../src/store/secrets.ts';
import { newPostgres, type TestDatabase } from '../support/database.ts';
import { welcomeFor } from '../support/group.ts';
import { newCommit } from '../support/entries.ts';

/** Rounds of each race: one alone can go well by chance. */
const ROUNDS = 20;

/** A day that does not come while the test runs. */
const NEVER = 1_000_000;

let database: TestDatabase;
let stores: Db[];
/** One of three relays' connections to the same database. */
const store = (i = 0): Db => stores[i % stores.length] ?? expect.unreachable();

beforeAll(async () => {
  database = await newPostgres(inject('postgresUrl'));
  stores = [await database.open(), await database.open(), await database.open()];
});
afterAll(async () => {
  await Promise.all(stores.map((db) => db.destroy()));
  await database.remove();
});

async function newDevice(handle: string = newId()): Promise<{ handle: string; deviceId: string }> {
  const device = { handle, deviceId: newId() };
  const key = randomBytes(32);
  const account = { ...device, accountKey: key, deviceKey: key, deviceCertificate: key };
  expect(await createAccount(store(), account)).toBe('created');
  return device;
}

async function newGroup(): Promise<string> {
  const groupId = newId();
  expect(await createGroup(store(), groupId, randomBytes(32))).toBe(true);
  return groupId;
}

test('RLY-12 RLY-72 a handle that is registered through three relays at once belongs to one', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const handle = newId();
    const outcomes = await Promise.all(
      Array.from({ length: 6 }, (_, i) => {
        const key = randomBytes(32);
        const keys = { accountKey: key, deviceKey: key, deviceCertificate: key };
        return createAccount(store(i), { handle, deviceId: newId(), ...keys });
      }),
    );
    expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
  }
});

test('RLY-35 RLY-72 a group that is created through three relays at once has one first key', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const groupId = newId();
    const calls = Array.from({ length: 6 }, (_, i) => createGroup(store(i), groupId, randomBytes(32)));
    expect((await Promise.all(calls)).filter(Boolean)).toHaveLength(1);
  }
});

test('RLY-56 RLY-72 of the devices that go last at once, one takes the shared part with it', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const devices = await Promise.all(Array.from({ length: 6 }, () => newDevice()));
    const commit = newCommit(await newGroup(), welcomeFor(...devices.map(({ deviceId }) => deviceId)));
    expect(await appendCommit(store(), commit)).toMatchObject({ outcome: 'accepted' });
    await Promise.all(devices.map(({ deviceId }, i) => acknowledgeInbox(store(i), deviceId, 1)));
  }
  expect(await store().selectFrom('welcomes').select('welcome_id').execute()).toEqual([]);
});

test('RLY-41 RLY-72 Welcomes for the same devices, in any order: each inbox has all of them, without a gap', async () => {
  const devices = await Promise.all(Array.from({ length: 8 }, () => newDevice()));
  const ids = devices.map(({ deviceId }) => deviceId);
  const commits = await Promise.all(
    Array.from({ length: 12 }, async (_, i) =>
      newCommit(await newGroup(), welcomeFor(...(i % 2 === 0 ? ids : ids.toReversed()))),
    ),
  );
  const written = await Promise.all(commits.map((commit, i) => appendCommit(store(i), commit)));
  expect(written.map(({ outcome }) => outcome)).toEqual(commits.map(() => 'accepted'));
  for (const id of ids) {
    const { entries } = await readInbox(store(), id, { cursor: 0, limit: 99 });
    expect(entries.map(({ sequence }) => sequence)).toEqual(commits.map((_, i) => i + 1));
  }
});

test('RLY-21 RLY-72 uploads of one device through three relays at once keep the pool to its limit', async () => {
  const { deviceId } = await newDevice();
  const upload = () => ({
    deviceId,
    suite: 1,
    keyPackages: Array.from({ length: 60 }, () => randomBytes(40)),
    lastResort: undefined,
    replace: false,
    expiresOn: NEVER,
  });
  const pools = await Promise.all(
    Array.from({ length: 6 }, (_, i) => publishKeyPackages(store(i), upload())),
  );
  const { available } = await countKeyPackages(store(), deviceId, 1);
  expect(available).toBe(Math.max(...pools.map((pool) => pool ?? 0)));
  expect(pools.filter((pool) => pool !== undefined)).toHaveLength(available / 60);
});

test('RLY-21 RLY-22 RLY-72 a key package is handed out once, however often it is uploaded meanwhile', async () => {
  const device = await newDevice();
  const keyPackages = Array.from({ length: 30 }, () => randomBytes(40));
  const upload = {
    deviceId: device.deviceId,
    suite: 1,
    keyPackages,
    lastResort: undefined,
    replace: false,
    expiresOn: NEVER,
  };
  const handedOut: string[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    await Promise.all([
      ...Array.from({ length: 3 }, (_, i) => publishKeyPackages(store(i), upload)),
      ...Array.from({ length: 3 }, async (_, i) => {
        const claimed = await claimKeyPackages(store(i + 1), { suite: 1, handles: [device.handle] });
        if (Array.isArray(claimed))
          handedOut.push(...claimed.map(({ keyPackage }) => keyPackage.toString('hex')));
      }),
    ]);
  }
  expect(handedOut).toHaveLength(keyPackages.length);
  expect(new Set(handedOut).size).toBe(handedOut.length);
});

test('RLY-23 RLY-72 claims for the same people in any order end, and use nothing up twice', async () => {
  const devices = await Promise.all(Array.from({ length: 5 }, () => newDevice()));
  for (const { deviceId } of devices) {
    const keyPackages = Array.from({ length: 20 }, () => randomBytes(40));
    await publishKeyPackages(store(), {
      deviceId,
      suite: 1,
      keyPackages,
      lastResort: undefined,
      replace: false,
      expiresOn: NEVER,
    });
  }
  const handles = devices.map(({ handle }) => handle);
  const claims = await Promise.all(
    Array.from({ length: 20 }, (_, i) =>
      claimKeyPackages(store(i), { suite: 1, handles: i % 2 === 0 ? handles : handles.toReversed() }),
    ),
  );
  const bytes = claims.flatMap((claim) =>
    Array.isArray(claim) ? claim.map(({ keyPackage }) => keyPackage.toString('hex')) : [],
  );
  expect(new Set(bytes).size).toBe(100);
});

test('RLY-34 RLY-72 a proof counts once across relays, whatever order the proofs of a call stand in', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const nonces = Array.from({ length: 30 }, () => randomBytes(16));
    const uses = await Promise.all(
      Array.from({ length: 6 }, (_, i) =>
        useNonces(store(i), {
          nonces: i % 2 === 0 ? nonces : nonces.toReversed(),
          forgottenAtMs: Date.now() + 60_000,
        }),
      ),
    );
    expect(uses.filter(Boolean)).toHaveLength(1);
  }
});
