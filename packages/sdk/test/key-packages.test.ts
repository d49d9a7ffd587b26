import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect, test } from 'vitest';
import { platform } from '#platform';
import { coreKeyOf, OWN_CORE_PREFIX } from '../src/state/core-keys.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { openedRows } from './support/opened.ts';
import { people } from './support/people.ts';

const town = people();

const DAY_MS = 24 * 60 * 60 * 1_000;
const SUITES = 4;
const POOL = 10;
/** The core's record of a key package (crates/core/src/storage/kind.rs). */
const KEY_PACKAGE_KIND = 0x11;

/** What the SDK makes of a suite in a day at most. */
const MOST_PER_DAY = 100;

interface Upload {
  replace: boolean;
  keyPackages: string[];
  lastResort?: string;
}

/** A device in a time of its own, which the relay shares when it is asked, and what the device publishes. */
async function watched(name: string, { aheadMs = 0 } = {}) {
  const uploads: Upload[] = [];
  const world = { aheadMs, isCut: false };
  const storage = memoryStorage();
  const client = await town.join(name, {
    storage,
    platform: {
      ...platform,
      clock: { now: () => Date.now() + world.aheadMs },
      net: {
        ...platform.net,
        fetch: async (input, init) => {
          const url = input instanceof Request ? input.url : input.toString();
          if (url.includes('keyPackages.publish')) {
            if (world.isCut) throw new TypeError('cut');
            uploads.push(JSON.parse(init?.body as string) as Upload);
          }
          const response = await fetch(input, init);
          return url.includes('auth.challenge') ? moved(response, world.aheadMs) : response;
        },
      },
    },
  });
  const keyPackages = async () => {
    const rows = (await openedRows(storage)).filter(({ key }) => key.startsWith(OWN_CORE_PREFIX));
    return rows.filter(({ key }) => coreKeyOf(key)[0] === KEY_PACKAGE_KIND).length;
  };
  return { client, world, keyPackages, published: () => uploads.splice(0) };
}

/** The relay's time, told as that of another day. */
async function moved(response: Response, aheadMs: number): Promise<Response> {
  const body = (await response.json()) as { result: { data: { expiresAtMs: number } } };
  body.result.data.expiresAtMs += aheadMs;
  return Response.json(body);
}

const ALL_ANEW = Array.from({ length: SUITES }, () => ({ replace: true, single: POOL, lastResort: true }));

const summary = (uploads: Upload[]) =>
  uploads.map(({ replace, keyPackages, lastResort }) => ({
    replace,
    single: keyPackages.length,
    lastResort: lastResort !== undefined,
  }));

test('key packages are made anew after 56 days, the last-resort ones too, and not before', async () => {
  const bob = await watched('bob', { aheadMs: -57 * DAY_MS });
  expect(summary(bob.published())).toEqual(ALL_ANEW);
  bob.world.aheadMs = -2 * DAY_MS;
  await bob.client.sync();
  expect(bob.published()).toEqual([]);

  bob.world.aheadMs = 0;
  bob.world.isCut = true;
  await expect(bob.client.sync()).rejects.toMatchObject({ code: 'NETWORK' });
  bob.world.isCut = false;
  await bob.client.sync();
  expect(summary(bob.published())).toEqual(ALL_ANEW);
  await bob.client.sync();
  expect(bob.published()).toEqual([]);

  const alice = await town.join('alice');
  const tea = await alice.conversations.create({ members: [bob.client.handle] });
  await bob.client.sync();
  expect(bob.client.conversations.find(tea.id).state).toBe('active');
});

test('private keys of expired key packages are forgotten', async () => {
  const bob = await watched('bob');
  const all = SUITES * (POOL + 1);
  expect(await bob.keyPackages()).toBe(all);
  // They are good for 84 days, and their keys are kept for 7 more; those made on the 90th day stay.
  bob.world.aheadMs = 90 * DAY_MS;
  await bob.client.sync();
  expect(await bob.keyPackages()).toBe(2 * all);
  bob.world.aheadMs = 92 * DAY_MS;
  await bob.client.sync();
  expect(await bob.keyPackages()).toBe(all);
});

/** What a hostile relay can do: lose what it was given. */
function forgetsAll(deviceId: string) {
  const database = new Sqlite(join(town.relay().folder, 'relay.db'), { timeout: 5_000 });
  const forget = database.prepare('DELETE FROM key_packages WHERE device_id = ?');
  return { forget: () => forget.run(deviceId), close: () => database.close() };
}

test('a relay that always says it has none gets 100 key packages of a suite in a day, and no more', async () => {
  const bob = await watched('bob');
  const relay = forgetsAll(bob.client.deviceId);
  for (let round = 0; round < 12; round++) {
    relay.forget();
    await bob.client.sync();
  }
  const made = () =>
    bob
      .published()
      .reduce((sum, { keyPackages, lastResort }) => sum + keyPackages.length + (lastResort ? 1 : 0), 0);
  expect(made()).toBe(SUITES * MOST_PER_DAY);

  bob.world.aheadMs = 1.01 * DAY_MS;
  relay.forget();
  await bob.client.sync();
  expect(made()).toBe(SUITES * (POOL + 1));
  relay.close();
});

test('key packages that did not arrive are sent again, and not made again', async () => {
  const bob = await watched('bob');
  const before = await bob.keyPackages();
  bob.world.aheadMs = 57 * DAY_MS;
  bob.world.isCut = true;
  for (let round = 0; round < 5; round++)
    await expect(bob.client.sync()).rejects.toMatchObject({ code: 'NETWORK' });
  expect(await bob.keyPackages()).toBe(before + POOL + 1);
  bob.world.isCut = false;
  await bob.client.sync();
  expect(await bob.keyPackages()).toBe(before + SUITES * (POOL + 1));
});

test('old key packages stay until there may be a whole new pool', async () => {
  const bob = await watched('bob');
  const relay = forgetsAll(bob.client.deviceId);
  bob.published();
  bob.world.aheadMs = 55.9 * DAY_MS;
  for (let round = 0; round < 9; round++) {
    relay.forget();
    await bob.client.sync();
  }
  bob.published();
  bob.world.aheadMs = 56.1 * DAY_MS;
  await bob.client.sync();
  expect(bob.published()).toEqual([]);
  bob.world.aheadMs = 57 * DAY_MS;
  await bob.client.sync();
  expect(summary(bob.published())).toEqual(ALL_ANEW);
  relay.close();
});
