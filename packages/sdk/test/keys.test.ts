import { mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { documentOf, readSlots } from '../src/keys/document.ts';
import type { Slot } from '../src/keys/slots.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { sqliteStorage } from '../src/storage/sqlite.ts';
import { platform } from '../src/platform/node-source.ts';
import { people } from './support/people.ts';

const town = people();
/** Cheap: these tests are about what opens, and not about how long guessing takes. */
const cost = { memoryKib: 64, passes: 1 };
const secret = (byte: number) => new Uint8Array(32).fill(byte);

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'qpc-keys-'));
});

const keyFile = () => join(folder, 'device.db.key');
const storage = () => sqliteStorage(join(folder, 'device.db'));
const open = (unlock?: { passphrase: string } | { secret: Uint8Array }) =>
  town.open({ storage: storage(), ...(unlock && { unlock }) });
const slotsNow = async () => readSlots(new Uint8Array(await readFile(keyFile())));

/** Writes other slots into the key file, as somebody who can write there would. */
const tamper = async (change: (slots: Slot[]) => Slot[]) =>
  writeFile(keyFile(), documentOf(change(await slotsNow())));

/** A new account whose storage only a passphrase opens. */
async function lock(passphrase: string): Promise<string> {
  const client = await town.joinIn(folder, 'alice');
  const { id } = await client.keys.addPassphrase(passphrase, { cost });
  await client.keys.remove('file');
  await client.close();
  return id;
}

test('a storage of today’s key file opens unchanged, and can be locked', async () => {
  const client = await town.joinIn(folder, 'alice');
  const before = await readFile(keyFile());
  expect(before).toHaveLength(32);
  expect(await client.keys.list()).toEqual([
    { id: 'file', kind: 'file', addedAt: undefined, passkey: undefined },
  ]);
  await client.close();
  const again = await open();
  expect(again.handle).toBe(client.handle);
  expect(await readFile(keyFile())).toEqual(before);
  expect(await Client.isLocked(await storage())).toBe(false);

  const slot = await again.keys.addPassphrase('correct horse', { cost });
  expect(slot).toMatchObject({ kind: 'passphrase', addedAt: expect.any(Number) });
  expect(await Client.isLocked(await storage())).toBe(false);
  await again.keys.remove('file');
  expect(await again.keys.list()).toEqual([slot]);
  expect(await Client.isLocked(await storage())).toBe(true);
  await again.close();

  expect((await open({ passphrase: 'correct horse' })).handle).toBe(client.handle);
});

test.each([
  ['without anything', undefined, 'STORE_LOCKED'],
  ['with a wrong passphrase', { passphrase: 'wrong horse' }, 'PASSPHRASE_WRONG'],
  ['with a secret, which it has no slot for', { secret: secret(1) }, 'STORE_LOCKED'],
])('a locked storage that is opened %s stays closed, and as it is', async (_how, unlock, code) => {
  await lock('correct horse');
  const rows = async () => {
    const opened = await storage();
    const all = await opened.scan({ prefix: '' });
    await opened.close();
    return all;
  };
  const before = [await rows(), await readFile(keyFile())];
  const error: unknown = await open(unlock).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'StorageError', code, retryable: false });
  expect(`${String(error)}${JSON.stringify(error)}`).not.toContain('horse');
  expect([await rows(), await readFile(keyFile())]).toEqual(before);
  await open({ passphrase: 'correct horse' });
});

test('the same passphrase opens, however a keyboard composes its characters', async () => {
  await lock('Füße ﬁn'.normalize('NFC'));
  await open({ passphrase: 'Füße fin'.normalize('NFD') });
});

test('a secret of 32 bytes opens, another one does not, and what its passkey needs is listed while locked', async () => {
  const client = await town.joinIn(folder, 'alice');
  const passkey = { credentialId: 'AAAA', salt: Buffer.from(secret(5)).toString('base64url') };
  await client.keys.addSecret(secret(1), { passkey });
  await client.keys.remove('file');
  await client.close();
  const closed = await storage();
  expect(await Client.keySlots(closed)).toEqual([
    { id: expect.any(String), kind: 'secret', addedAt: expect.any(Number), passkey },
  ]);
  await closed.close();
  await expect(open({ secret: secret(2) })).rejects.toMatchObject({ code: 'SECRET_WRONG' });
  await expect(open({ passphrase: 'x' })).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  await (await open({ secret: secret(1) })).close();
});

test('a changed passphrase opens, and the one before opens nothing any more', async () => {
  const id = await lock('first');
  const client = await open({ passphrase: 'first' });
  const changed = await client.keys.change(id, { passphrase: 'second', cost });
  expect(changed.id).toBe(id);
  await client.close();
  await expect(open({ passphrase: 'first' })).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' });
  await (await open({ passphrase: 'second' })).close();
});

test('any slot opens: those of others are not needed, and a removed one opens nothing', async () => {
  const id = await lock('first');
  const client = await open({ passphrase: 'first' });
  await client.keys.addPassphrase('second', { cost });
  await client.keys.addSecret(secret(3));
  await client.keys.remove(id);
  await client.close();
  await expect(open({ passphrase: 'first' })).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' });
  for (const unlock of [{ passphrase: 'second' }, { secret: secret(3) }]) await (await open(unlock)).close();
});

test('the last slot that opens cannot be removed, and a slot of an unknown kind is none', async () => {
  const id = await lock('first');
  const hologram = { id: 'x', kind: 'hologram', addedAt: 1, extra: [1] } as Slot;
  await tamper((slots) => [...slots, hologram]);
  const client = await open({ passphrase: 'first' });
  await expect(client.keys.remove(id)).rejects.toMatchObject({ code: 'KEY_SLOT_LAST' });
  await expect(client.keys.remove('nobody')).rejects.toMatchObject({ code: 'KEY_SLOT_NOT_FOUND' });
  await client.keys.addPassphrase('second', { cost });
  await client.keys.remove(id);
  expect((await client.keys.list()).map(({ kind }) => kind)).toEqual(['hologram', 'passphrase']);
  expect(await slotsNow()).toContainEqual(hologram);
});

test('a locked storage can be made to open by itself again', async () => {
  await lock('first');
  const client = await open({ passphrase: 'first' });
  const slot = await client.keys.addAutomatic();
  expect(slot.kind).toBe('file');
  expect(await client.keys.addAutomatic()).toEqual(slot);
  await client.close();
  await (await open()).close();
  await (await open({ passphrase: 'ignored' })).close();
});

test('a new storage that is opened with a passphrase never has its key in the file', async () => {
  const unlock = { passphrase: 'from the start' };
  const client = await town.joinIn(folder, 'alice', { unlock });
  expect((await client.keys.list()).map(({ kind }) => kind)).toEqual(['passphrase']);
  expect(await slotsNow()).toMatchObject([{ memoryKib: 65_536, passes: 3, lanes: 1 }]);
  await client.close();
  await expect(open()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  expect((await open(unlock)).handle).toBe(client.handle);
});

test.each([
  ['its salt', { salt: Buffer.alloc(16).toString('base64url') }],
  ['its passes', { passes: 2 }],
  ['its memory', { memoryKib: 72 }],
  ['the time when it was added', { addedAt: 1 }],
  ['its id', { id: 'another' }],
  ['its nonce', { nonce: Buffer.alloc(24).toString('base64url') }],
  ['the wrapped key', { wrapped: Buffer.alloc(48).toString('base64url') }],
])('a slot in which somebody has changed %s does not open', async (_what, change) => {
  await lock('first');
  const before = await readFile(keyFile());
  await tamper((slots) => slots.map((slot) => ({ ...slot, ...change })));
  await expect(open({ passphrase: 'first' })).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' });
  await writeFile(keyFile(), before);
  await (await open({ passphrase: 'first' })).close();
});

test('a slot of another storage opens, but not this storage', async () => {
  await lock('first');
  const foreign = await readFile(keyFile());
  folder = await mkdtemp(join(tmpdir(), 'qpc-keys-'));
  await lock('first');
  await writeFile(keyFile(), foreign);
  await expect(open({ passphrase: 'first' })).rejects.toMatchObject({ code: 'STORE_KEY_WRONG' });
});

test('a slot that asks for 4 GiB of memory is refused before any worker is asked', async () => {
  await lock('first');
  await tamper((slots) => slots.map((slot) => ({ ...slot, memoryKib: 4 * 1_024 * 1_024 })));
  let workers = 0;
  const counting = {
    ...platform,
    spawnWorker: (...args: Parameters<typeof platform.spawnWorker>) => {
      workers++;
      return platform.spawnWorker(...args);
    },
  };
  const opening = town.open({ storage: storage(), unlock: { passphrase: 'first' }, platform: counting });
  await expect(opening).rejects.toMatchObject({ code: 'STORE_KEY_MISSING' });
  // The client's own.
  expect(workers).toBe(1);
});

test('a secret can be wiped as soon as it is handed over, whatever it was handed over for', async () => {
  const handed = (byte: number) => Buffer.from(secret(byte));
  const given = handed(1);
  const joining = town.joinIn(folder, 'alice', { unlock: { secret: given } });
  given.fill(0);
  const client = await joining;
  const [slot] = await client.keys.list();
  const next = handed(2);
  const changing = client.keys.change(slot!.id, { secret: next });
  next.fill(0);
  await changing;
  const more = handed(3);
  const adding = client.keys.addSecret(more);
  more.fill(0);
  await adding;
  await client.close();
  for (const byte of [2, 3]) {
    const unlock = { secret: handed(byte) };
    const opening = open(unlock);
    unlock.secret.fill(0);
    await (await opening).close();
  }
  for (const byte of [0, 1])
    await expect(open({ secret: secret(byte) })).rejects.toMatchObject({ code: 'SECRET_WRONG' });
});

test('a change of the slots that is overtaken by the end of the client is refused as one', async () => {
  const client = await town.joinIn(folder, 'alice');
  const before = await readFile(keyFile());
  const adding = expect(client.keys.addPassphrase('x')).rejects.toMatchObject({ code: 'CLOSED' });
  await client.close();
  await adding;
  expect(await readFile(keyFile())).toEqual(before);
});

test('slots that two clients add and remove at once are all there, or gone', async () => {
  const left = await town.joinIn(folder, 'alice');
  const right = await open();
  const added = await Promise.all(
    Array.from({ length: 6 }, async (_, i) =>
      i % 2 === 0 ? left.keys.addPassphrase(`p${i}`, { cost }) : right.keys.addSecret(secret(i)),
    ),
  );
  const ids = (slots: { id: string }[]) => slots.map(({ id }) => id).sort();
  expect(ids(await left.keys.list())).toEqual(ids([{ id: 'file' }, ...added]));
  await Promise.all(added.slice(0, 4).map(({ id }, i) => (i % 2 === 0 ? right : left).keys.remove(id)));
  expect(ids(await right.keys.list())).toEqual(ids([{ id: 'file' }, ...added.slice(4)]));
});

test('of two clients that remove the last two slots at once, one fails', async () => {
  const left = await town.joinIn(folder, 'alice');
  const slot = await left.keys.addSecret(secret(1));
  const right = await open();
  const results = await Promise.allSettled([left.keys.remove('file'), right.keys.remove(slot.id)]);
  expect(results.filter(({ status }) => status === 'rejected')).toMatchObject([
    { reason: { code: 'KEY_SLOT_LAST' } },
  ]);
  expect(await left.keys.list()).toHaveLength(1);
});

test('a storage without key slots goes on working, and says that it has none', async () => {
  const client = await town.join('alice', { storage: memoryStorage() });
  expect(await client.keys.list()).toEqual([]);
  expect(await Client.isLocked(memoryStorage())).toBe(false);
  const unsupported = { name: 'UsageError', code: 'KEY_SLOTS_UNSUPPORTED' };
  await expect(client.keys.addPassphrase('x', { cost })).rejects.toMatchObject(unsupported);
  await expect(client.keys.addSecret(secret(1))).rejects.toMatchObject(unsupported);
  await expect(client.keys.addAutomatic()).rejects.toMatchObject(unsupported);
  await expect(client.keys.remove('file')).rejects.toMatchObject(unsupported);
  await expect(client.keys.change('file', { secret: secret(1) })).rejects.toMatchObject(unsupported);
});

test('more slots than a document holds, and another kind for a slot, are refused', async () => {
  const client = await town.joinIn(folder, 'alice');
  for (let i = 1; i < 16; i++) await client.keys.addSecret(secret(i));
  await expect(client.keys.addSecret(secret(99))).rejects.toMatchObject({ code: 'KEY_SLOTS_FULL' });
  const [, slot] = await client.keys.list();
  const change = client.keys.change(slot!.id, { passphrase: 'x', cost });
  await expect(change).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
  await client.close();
  await expect(client.keys.list()).rejects.toMatchObject({ code: 'CLOSED' });
  await expect(client.keys.remove(slot!.id)).rejects.toMatchObject({ code: 'CLOSED' });
});

const invalid = { name: 'UsageError', code: 'INVALID_ARGUMENT' };
const saltOf = (last: string) => `${'A'.repeat(42)}${last}`;

test.each<[string, (keys: Client['keys']) => Promise<unknown>]>([
  [
    'a cost with a field of its own',
    (keys) => keys.addPassphrase('x', { cost: { ...cost, pepper: 1 } as never }),
  ],
  [
    'a cost with the name of another field',
    (keys) => keys.addPassphrase('x', { cost: { ...cost, id: 'y' } as never }),
  ],
  [
    'a passkey whose salt is not canonical',
    (keys) => keys.addSecret(secret(1), { passkey: { credentialId: 'AAAA', salt: saltOf('B') } }),
  ],
  [
    'a passkey whose id is not canonical',
    (keys) => keys.addSecret(secret(1), { passkey: { credentialId: 'AB', salt: saltOf('A') } }),
  ],
  [
    'a passkey whose id no bytes have',
    (keys) => keys.addSecret(secret(1), { passkey: { credentialId: 'AAAAA', salt: saltOf('A') } }),
  ],
  [
    'a passkey whose id is padded',
    (keys) => keys.addSecret(secret(1), { passkey: { credentialId: 'AA==', salt: saltOf('A') } }),
  ],
  ['a passphrase with options that are none', (keys) => keys.addPassphrase('x', null as never)],
  ['a secret with options that are none', (keys) => keys.addSecret(secret(1), 'x' as never)],
  ['a change into nothing', (keys) => keys.change('x', undefined as never)],
  [
    'a change into a passphrase and a secret',
    (keys) => keys.change('x', { passphrase: 'x', secret: secret(1) }),
  ],
])('%s is refused, and locks nobody out', async (_what, add) => {
  const { keys } = await town.joinIn(folder, 'alice');
  await expect(add(keys)).rejects.toMatchObject(invalid);
  expect(await keys.list()).toHaveLength(1);
  await (await open()).close();
});

test('a part of the cost that is left undefined has its default', async () => {
  const { keys } = await town.joinIn(folder, 'alice');
  await keys.addPassphrase('x', { cost: { memoryKib: 64, passes: undefined } as never });
  expect(await slotsNow()).toContainEqual(expect.objectContaining({ memoryKib: 64, passes: 3, lanes: 1 }));
});

test.each([
  ['before 1970', -1],
  ['between two milliseconds', 1.5],
])('a slot that is added at a time %s opens', async (_when, now) => {
  const clock = { now: () => now };
  const client = await town.joinIn(folder, 'alice');
  await client.close();
  const odd = await town.open({ storage: storage(), live: false, platform: { ...platform, clock } });
  await odd.keys.addPassphrase('x', { cost });
  await odd.keys.remove('file');
  await odd.close();
  await (await open({ passphrase: 'x' })).close();
});

test('a slot for which the document has no room is refused, and locks nobody out', async () => {
  const { keys } = await town.joinIn(folder, 'alice');
  await keys.addPassphrase('x', { cost });
  const hologram = { id: 'x', kind: 'hologram', depth: 'x'.repeat(64_000) } as Slot;
  await tamper((slots) => [...slots, hologram]);
  const passkey = { credentialId: 'A'.repeat(1_200), salt: saltOf('A') };
  await expect(keys.addSecret(secret(1), { passkey })).rejects.toMatchObject({ code: 'KEY_SLOTS_FULL' });
  expect(await keys.list()).toHaveLength(3);
});

test.each([
  [{}],
  [{ passphrase: '' }],
  [{ passphrase: 7 }],
  [{ secret: new Uint8Array(31) }],
  [{ secret: 'x'.repeat(32) }],
  [{ passphrase: 'x', secret: secret(1) }],
])('an unlock of %j is a wrong argument, and makes no account', async (unlock) => {
  await expect(town.joinIn(folder, 'alice', { unlock: unlock as never })).rejects.toMatchObject(invalid);
  expect(await readdir(folder)).toEqual(['device.db']);
});

test('slots with malformed arguments are refused, and nothing is added', async () => {
  const { keys } = await town.joinIn(folder, 'alice');
  const passkey = { credentialId: 'AAAA', salt: 'short' };
  for (const call of [
    () => keys.addPassphrase(''),
    () => keys.addPassphrase('x'.repeat(1_025)),
    () => keys.addPassphrase('half of a letter: \ud83d'),
    () => keys.addPassphrase('x', { cost: { memoryKib: 4 * 1_024 * 1_024 } }),
    () => keys.addPassphrase('x', { cost: { memoryKib: 16, lanes: 4 } }),
    () => keys.addPassphrase('x', { cost: { passes: Number.NaN } }),
    () => keys.addSecret(new Uint8Array(16)),
    () => keys.addSecret(secret(1), { passkey }),
    () => keys.change('file', { passphrase: '' }),
    () => keys.change('', { passphrase: 'x' }),
    () => keys.remove(7 as never),
  ])
    await expect(call(), call.toString()).rejects.toMatchObject(invalid);
  expect(await keys.list()).toHaveLength(1);
});
