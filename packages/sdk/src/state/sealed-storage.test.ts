import { expect, test } from 'vitest';
import { platform } from '#platform';
import { memoryStorage } from '../storage/memory.ts';
import type { Storage, StorageWrite } from '../storage/storage.ts';
import { encodeRow } from './codec.ts';
import { HEADER_KEY, newHeader } from './header.ts';
import { SealedStorage } from './sealed-storage.ts';

const { random } = platform;
const GROUP = '00112233445566778899aabbccddeeff';
const bytes = (text: string) => new TextEncoder().encode(text);

/** Commits on top of whatever there is. */
async function write(storage: Storage, ...writes: StorageWrite[]): Promise<void> {
  await storage.commit(writes, await storage.generation());
}

/** Begins a store, in place of what may stand there. */
async function begin(storage: Storage): Promise<void> {
  const storeKey = await storage.storeKey(random.bytes(32));
  await write(storage, { key: HEADER_KEY, value: encodeRow(newHeader(storeKey!, random)) });
}

async function store() {
  const inner = memoryStorage();
  const storage = new SealedStorage(inner, random);
  await begin(storage);
  return { inner, storage };
}

test.each([
  'conversation/1',
  `message/${GROUP}/000000000001`,
  'contact/alice',
  'core/own/BAAA',
  'journal/000000000001',
])('%s is sealed, and read back under its key', async (key) => {
  const { inner, storage } = await store();
  await write(storage, { key, value: bytes('plain') });
  expect(await storage.get(key)).toEqual(bytes('plain'));
  expect(await storage.scan({ prefix: key.slice(0, key.lastIndexOf('/') + 1) })).toEqual([
    { key, value: bytes('plain') },
  ]);
  const rows = await inner.scan({ prefix: '' });
  expect(rows.map(({ value }) => Buffer.from(value).includes('plain'))).toEqual([false, false]);

  await write(storage, { key, value: undefined });
  expect(await storage.get(key)).toBeUndefined();
  expect((await inner.scan({ prefix: '' })).map(({ key }) => key)).toEqual([HEADER_KEY]);
});

test('keys tell nothing of people, and stay readable otherwise', async () => {
  const { inner, storage } = await store();
  const named = ['contact/alice', 'contact/bob', 'core/own/BAAA'];
  await write(storage, ...[...named, 'draft/1'].map((key) => ({ key, value: bytes(key) })));
  const keys = (await inner.scan({ prefix: '' })).map(({ key }) => key);
  const hmac = /^[\w-]{43}$/;
  expect(keys.map((key) => key.replace(/[^/]+$/, (end) => (hmac.test(end) ? 'hmac' : end)))).toEqual([
    'contact/hmac',
    'contact/hmac',
    'core/own/hmac',
    'draft/1',
    HEADER_KEY,
  ]);
  expect((await storage.scan({ prefix: 'contact/' })).map(({ key }) => key)).toEqual(named.slice(0, 2));
  await expect(storage.scan({ prefix: 'contact/', limit: 1 })).rejects.toThrow('without order');
});

test('the core’s records of a group pass as they are: the core has sealed them', async () => {
  const { inner, storage } = await store();
  const key = `core/${GROUP}/AAAA`;
  await write(storage, { key, value: bytes('sealed by the core') });
  expect(await inner.get(key)).toEqual(bytes('sealed by the core'));
  expect(await storage.scan({ prefix: `core/${GROUP}/` })).toEqual([
    { key, value: bytes('sealed by the core') },
  ]);
});

test.each([
  ['damaged', (value: Uint8Array) => value.map((byte, at) => (at === 40 ? byte ^ 1 : byte))],
  ['in the clear', () => encodeRow('plain')],
  ['empty', () => new Uint8Array()],
])('a row that is %s is reported by its key, and the others are read', async (_what, change) => {
  const { inner, storage } = await store();
  await write(storage, { key: 'draft/1', value: bytes('one') }, { key: 'draft/2', value: bytes('two') });
  await write(inner, { key: 'draft/1', value: change((await inner.get('draft/1'))!) });
  const corrupt = { code: 'STORE_CORRUPT', details: { told: 'The stored row draft/1 is damaged.' } };
  await expect(storage.get('draft/1')).rejects.toMatchObject(corrupt);
  await expect(storage.scan({ prefix: 'draft/' })).rejects.toMatchObject(corrupt);
  expect(await storage.get('draft/2')).toEqual(bytes('two'));
});

test('rows that change places are reported', async () => {
  const { inner, storage } = await store();
  await write(storage, { key: 'draft/1', value: bytes('one') }, { key: 'draft/2', value: bytes('two') });
  const [one, two] = [await inner.get('draft/1'), await inner.get('draft/2')];
  await write(inner, { key: 'draft/1', value: two }, { key: 'draft/2', value: one });
  for (const key of ['draft/1', 'draft/2'])
    await expect(storage.get(key)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
});

test('a store that another tab has emptied and begun anew is read by its new header', async () => {
  const { inner, storage } = await store();
  await write(storage, { key: 'contact/alice', value: bytes('before') });
  const rows = await inner.scan({ prefix: '' });
  await write(inner, ...rows.map(({ key }) => ({ key, value: undefined })));
  expect(await storage.scan({ prefix: 'contact/' })).toEqual([]);

  const other = new SealedStorage(inner, random);
  await begin(other);
  await write(
    other,
    { key: 'contact/alice', value: bytes('after') },
    { key: 'draft/1', value: bytes('new') },
  );
  expect(await storage.get('draft/1')).toEqual(bytes('new'));
  expect(await storage.get('contact/alice')).toEqual(bytes('after'));
});

test('a row of a newer version is not taken for a damaged one', async () => {
  const { inner, storage } = await store();
  await write(storage, { key: 'draft/1', value: bytes('one') });
  await write(
    inner,
    { key: HEADER_KEY, value: encodeRow({ version: 99 }) },
    { key: 'draft/1', value: new Uint8Array([9, 9]) },
  );
  await expect(storage.get('draft/1')).rejects.toMatchObject({ code: 'STORE_VERSION' });
});

test('rows without a header are those of an earlier version', async () => {
  const inner = memoryStorage();
  const storage = new SealedStorage(inner, random);
  expect(await storage.scan({ prefix: 'draft/' })).toEqual([]);
  await write(inner, { key: 'draft/1', value: encodeRow('old') });
  await expect(storage.scan({ prefix: 'draft/' })).rejects.toMatchObject({ code: 'STORE_VERSION' });
});

test.each([
  ['no key', undefined, 'STORE_KEY_MISSING'],
  ['another key', new Uint8Array(32), 'STORE_KEY_WRONG'],
])('with %s, nothing is read or written', async (_which, key, code) => {
  const { inner, storage } = await store();
  await write(storage, { key: 'draft/1', value: bytes('one') });
  const locked = new SealedStorage({ ...inner, storeKey: async () => key }, random);
  await expect(locked.get('draft/1')).rejects.toMatchObject({ code });
  await expect(locked.scan({ prefix: 'draft/' })).rejects.toMatchObject({ code });
  await expect(write(locked, { key: 'draft/1', value: bytes('two') })).rejects.toMatchObject({ code });
  expect(await storage.get('draft/1')).toEqual(bytes('one'));
});
