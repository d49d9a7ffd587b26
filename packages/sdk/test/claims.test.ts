import { startGoBetween, type GoBetween } from '@quicprochat/testkit';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { Client } from '../src/client.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Storage } from '../src/storage/storage.ts';
import { impostorOf } from './support/impostor.ts';
import { people, syncAll } from './support/people.ts';

const town = people();

let hostile: GoBetween;
beforeAll(async () => {
  hostile = await startGoBetween(town.relay().url);
});
afterEach(() => {
  hostile.rewrite('keyPackages.claim');
});
afterAll(() => hostile.close());

interface Device {
  handle: string;
  deviceId: string;
  keyPackage: string;
}

/** Alice, who talks to the relay through somebody; Bob, whom she asks for; and the relay's own account, Mallory. */
async function cast() {
  const storage = memoryStorage();
  const alice = await town.join('alice', { relay: hostile.url, storage });
  const [bob, mallory] = [await town.join('bob'), await town.join('mallory')];
  await syncAll(alice, bob, mallory);
  return { alice, bob, mallory, storage };
}

/** What a claim gives for these people, claimed by somebody whom nobody deceives. */
async function devicesOf(...owners: Client[]): Promise<Device[]> {
  const devices: Device[] = [];
  hostile.rewrite('keyPackages.claim', (answer: { devices: Device[] }) => {
    devices.push(...answer.devices);
    return answer;
  });
  const witness = await town.join('witness', { relay: hostile.url });
  await witness.conversations.create({ members: owners.map(({ handle }) => handle) });
  hostile.rewrite('keyPackages.claim');
  return devices;
}

/** The relay answers the next claims with these devices. */
function answerWith(devices: readonly unknown[]): void {
  hostile.rewrite('keyPackages.claim', () => ({ devices }));
}

/** Everything that a claim could have left behind. */
async function traces(storage: Storage): Promise<string[]> {
  const tables = await Promise.all(
    ['contact/', 'conversation/', 'outbox/', 'core/'].map((prefix) => storage.scan({ prefix })),
  );
  return tables.flat().map(({ key }) => key);
}

type Cast = Awaited<ReturnType<typeof cast>>;

/** What the relay answers when Alice claims key packages of Bob. */
const LIES: Record<string, (people: Cast) => Promise<unknown[]>> = {
  'no device at all': async () => [],
  'a device of another account beside the one asked for': ({ bob, mallory }) => devicesOf(bob, mallory),
  'another account instead of the one asked for': ({ mallory }) => devicesOf(mallory),
  'a device under the handle with a zero-width space': async ({ bob, mallory }) => {
    const [own, extra] = await devicesOf(bob, mallory);
    return [own, { ...extra, handle: `${bob.handle}\u200b` }];
  },
  'another account’s key package under the handle asked for': async ({ bob, mallory }) => {
    const [own, extra] = await devicesOf(bob, mallory);
    return [own, { ...extra, handle: bob.handle }];
  },
  'devices of two accounts under the handle asked for': async ({ bob }) => {
    const own = await devicesOf(bob);
    const impostor = await impostorOf(bob, town);
    await impostor.sync();
    return [...own, ...(await devicesOf(impostor))];
  },
  'the same device twice': async ({ bob }) => [...(await devicesOf(bob)), ...(await devicesOf(bob))],
  'the handle and the device that claim': ({ alice, bob }) => devicesOf(bob, alice),
  'the device that claims under the handle asked for': async ({ alice, bob }) => {
    const [own] = await devicesOf(bob);
    return [own, { ...own, deviceId: alice.deviceId }];
  },
  'a device without a key package': async ({ bob }) => {
    const [own] = await devicesOf(bob);
    return [{ handle: own?.handle, deviceId: own?.deviceId }];
  },
  'a key package that is not base64url': async ({ bob }) => {
    const [own] = await devicesOf(bob);
    return [{ ...own, keyPackage: '???' }];
  },
};

describe.each(Object.entries(LIES))('a claim that is answered with %s', (_, lie) => {
  test('is refused by create, and nothing is done', async () => {
    const actors = await cast();
    const { alice, bob, storage } = actors;
    answerWith(await lie(actors));
    const before = await traces(storage);
    await expect(alice.conversations.create({ members: [bob.handle] })).rejects.toMatchObject({
      code: 'RELAY_MISBEHAVED',
      name: 'TransportError',
    });
    expect(alice.conversations.list()).toEqual([]);
    expect(await traces(storage)).toEqual(before);
    // The relay is honest again: nothing that it said stays.
    hostile.rewrite('keyPackages.claim');
    const tea = await alice.conversations.create({ members: [bob.handle] });
    expect(tea.members.list().map(({ handle }) => handle)).toEqual([alice.handle, bob.handle]);
  });

  test('is refused by members.add, and nobody is added', async () => {
    const actors = await cast();
    const { alice, bob, storage } = actors;
    const tea = await alice.conversations.create({ members: [] });
    answerWith(await lie(actors));
    const before = await traces(storage);
    await expect(tea.members.add([bob.handle])).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
    expect(tea.members.list().map(({ handle }) => handle)).toEqual([alice.handle]);
    expect(tea.epoch).toBe(0);
    expect(await traces(storage)).toEqual(before);
  });
});

test('a claim for two people that is answered for one of them adds neither', async () => {
  const { alice, bob, mallory: carol } = await cast();
  answerWith(await devicesOf(bob));
  const create = alice.conversations.create({ members: [bob.handle, carol.handle] });
  await expect(create).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
  expect(alice.conversations.list()).toEqual([]);
  await expect(alice.contacts.safetyNumber(bob.handle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
