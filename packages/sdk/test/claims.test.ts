import { startGoBetween, type GoBetween } from '@quicprochat/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
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

/**
 * Alice, who talks to the relay through somebody; Bob, whom she asks for; and the relay's own account, Mallory. With a
 * device of each, as a claim gives them.
 */
async function cast() {
  const storage = memoryStorage();
  const alice = await town.join('alice', { relay: hostile.url, storage });
  const [bob, mallory] = [await town.join('bob'), await town.join('mallory')];
  await syncAll(alice, bob, mallory);
  const [alices, bobs, mallorys] = (await devicesOf(alice, bob, mallory)) as [Device, Device, Device];
  return { alice, bob, mallory, storage, devices: { alices, bobs, mallorys } };
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

type Devices = Awaited<ReturnType<typeof cast>>['devices'];

/** What the relay answers when Alice claims key packages of Bob. */
const LIES: Record<string, (devices: Devices) => unknown[]> = {
  'no device at all': () => [],
  'a device of another account beside the one asked for': ({ bobs, mallorys }) => [bobs, mallorys],
  'another account instead of the one asked for': ({ mallorys }) => [mallorys],
  'a device under the handle with a zero-width space': ({ bobs, mallorys }) => [
    bobs,
    { ...mallorys, handle: `${bobs.handle}\u200b` },
  ],
  'another account’s key package under the handle asked for': ({ bobs, mallorys }) => [
    bobs,
    { ...mallorys, handle: bobs.handle },
  ],
  'the same device twice': ({ bobs }) => [bobs, bobs],
  'the handle and the device that claim': ({ alices, bobs }) => [bobs, alices],
  'the device that claims under the handle asked for': ({ alices, bobs }) => [
    bobs,
    { ...bobs, deviceId: alices.deviceId },
  ],
  'a device without a key package': ({ bobs: { handle, deviceId } }) => [{ handle, deviceId }],
  'a key package that is not base64url': ({ bobs }) => [{ ...bobs, keyPackage: '???' }],
};

const misbehaved = { code: 'RELAY_MISBEHAVED', name: 'TransportError' };

test('create refuses a claim’s answer that is not what was asked for, and does nothing', async () => {
  const { alice, bob, storage, devices } = await cast();
  const before = await traces(storage);
  for (const [what, lie] of Object.entries(LIES)) {
    answerWith(lie(devices));
    const create = alice.conversations.create({ members: [bob.handle] });
    await expect(create, what).rejects.toMatchObject(misbehaved);
    expect(await traces(storage), what).toEqual(before);
  }
  expect(alice.conversations.list()).toEqual([]);
  // The relay is honest again: nothing that it said stays.
  hostile.rewrite('keyPackages.claim');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  expect(tea.members.list().map(({ handle }) => handle)).toEqual([alice.handle, bob.handle]);
});

test('members.add refuses a claim’s answer that is not what was asked for, and adds nobody', async () => {
  const { alice, bob, storage, devices } = await cast();
  const tea = await alice.conversations.create({ members: [] });
  const before = await traces(storage);
  for (const [what, lie] of Object.entries(LIES)) {
    answerWith(lie(devices));
    await expect(tea.members.add([bob.handle]), what).rejects.toMatchObject(misbehaved);
    expect(await traces(storage), what).toEqual(before);
  }
  expect(tea.members.list().map(({ handle }) => handle)).toEqual([alice.handle]);
  expect(tea.epoch).toBe(0);
});

test('devices of two accounts under one handle are refused, and nobody is added', async () => {
  const { alice, bob, storage, devices } = await cast();
  const tea = await alice.conversations.create({ members: [] });
  const impostor = await impostorOf(bob, town);
  await impostor.sync();
  const [impostors] = await devicesOf(impostor);
  answerWith([devices.bobs, impostors]);
  const before = await traces(storage);
  const create = alice.conversations.create({ members: [bob.handle] });
  await expect(create).rejects.toMatchObject(misbehaved);
  await expect(tea.members.add([bob.handle])).rejects.toMatchObject(misbehaved);
  expect(await traces(storage)).toEqual(before);
});

test('a claim for two people that is answered for one of them adds neither', async () => {
  const { alice, bob, mallory: carol, devices } = await cast();
  answerWith([devices.bobs]);
  const create = alice.conversations.create({ members: [bob.handle, carol.handle] });
  await expect(create).rejects.toMatchObject(misbehaved);
  expect(alice.conversations.list()).toEqual([]);
  await expect(alice.contacts.safetyNumber(bob.handle)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
