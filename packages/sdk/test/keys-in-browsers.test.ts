import 'fake-indexeddb/auto';
import { afterEach, expect, test, vi } from 'vitest';
import { Client } from '../src/api/client.ts';
import { platform } from '../src/platform/node-source.ts';
import { indexedDbStorage } from '../src/storage/indexeddb.ts';
import { RING_PREFIX } from '../src/storage/storage.ts';
import { people } from './support/people.ts';

// The logic on a stand-in for IndexedDB, with keys of Node's WebCrypto; apps/web/e2e does the same in a real browser.
const town = people();
const cost = { memoryKib: 64, passes: 1 };
let stores = 0;
const put = Object.getOwnPropertyDescriptor(IDBObjectStore.prototype, 'put')
  ?.value as typeof IDBObjectStore.prototype.put;
const freshName = () => `keys-${++stores}`;

afterEach(() => {
  vi.restoreAllMocks();
});

const join = (name: string, options = {}) =>
  town.join('alice', { storage: indexedDbStorage(name), ...options });
const open = (name: string, options = {}) => town.open({ storage: indexedDbStorage(name), ...options });

/** Everything in the database of a store's key. */
function keptOf(name: string): Promise<Map<IDBValidKey, unknown>> {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open(`quicprochat-key:${name}`);
    opening.onerror = () => reject(new Error('no database'));
    opening.onsuccess = () => {
      const store = opening.result.transaction('key').objectStore('key');
      const [keys, values] = [store.getAllKeys(), store.getAll()];
      store.transaction.oncomplete = () => {
        opening.result.close();
        resolve(new Map(keys.result.map((key, i) => [key, values.result[i] as unknown])));
      };
    };
  });
}

/** An account as an earlier version of the SDK left it: with its key as it is. */
async function withBareKey(name: string): Promise<Uint8Array> {
  const storeKey = new Uint8Array(32).fill(5);
  const storage = indexedDbStorage(name);
  await storage.storeKey(storeKey);
  await storage.close();
  const refusing = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(refuseKeys);
  await (await join(name)).close();
  refusing.mockRestore();
  expect((await keptOf(name)).get('store')).toEqual(storeKey);
  return storeKey;
}

/** As a browser does that keeps no keys in private windows. */
function refuseKeys(this: IDBObjectStore, value: unknown, key?: IDBValidKey): IDBRequest<IDBValidKey> {
  if (value instanceof CryptoKey) throw new DOMException('No keys here.', 'DataCloneError');
  return put.call(this, value, key);
}

const includes = (kept: Map<IDBValidKey, unknown>, storeKey: Uint8Array) => {
  const needles = [Buffer.from(storeKey), Buffer.from(Buffer.from(storeKey).toString('base64url'))];
  return [...kept.values()].some(
    (value) => value instanceof Uint8Array && needles.some((needle) => Buffer.from(value).includes(needle)),
  );
};

test('the key of a new store is wrapped by a key that cannot be read, and is kept nowhere else', async () => {
  const name = freshName();
  const drawn: Uint8Array[] = [];
  const random = {
    ...platform.random,
    bytes: (length: number) => {
      const bytes = platform.random.bytes(length);
      if (length === 32) drawn.push(bytes.slice());
      return bytes;
    },
  };
  const client = await join(name, { platform: { ...platform, random } });
  expect(await client.keys.list()).toMatchObject([{ id: 'device', kind: 'device' }]);
  await client.close();
  const kept = await keptOf(name);
  const deviceKey = kept.get('device') as CryptoKey;
  expect([deviceKey.extractable, deviceKey.type]).toEqual([false, 'secret']);
  await expect(crypto.subtle.exportKey('raw', deviceKey)).rejects.toThrow();
  expect(drawn.length).toBeGreaterThan(0);
  expect(drawn.filter((bytes) => includes(kept, bytes))).toEqual([]);
  expect(await Client.isLocked(indexedDbStorage(name))).toBe(false);
  expect((await open(name)).handle).toBe(client.handle);
});

test('a key that an earlier version kept as it is moves into a device slot at the next opening', async () => {
  const name = freshName();
  const storeKey = await withBareKey(name);
  expect(includes(await keptOf(name), storeKey)).toBe(true);
  const client = await open(name);
  expect((await client.keys.list()).map(({ kind }) => kind)).toEqual(['device']);
  expect(includes(await keptOf(name), storeKey)).toBe(false);
  await client.close();
  await open(name);
});

test('of two tabs that open such a store at once, both have the one device slot that remains', async () => {
  const name = freshName();
  await withBareKey(name);
  const tabs = await Promise.all([open(name), open(name)]);
  for (const tab of tabs) expect(await tab.keys.list()).toHaveLength(1);
  await (await open(name)).close();
});

test.each([1, 2])(
  'a move that is cut off at its write number %i loses nothing, and is made up for',
  async (at) => {
    const name = freshName();
    const storeKey = await withBareKey(name);
    const spy = vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      value: unknown,
      key,
    ) {
      if (key !== 'store' && key !== 'device') return put.call(this, value, key);
      const request = put.call(this, value, key);
      if (key === ['store', 'device'][at - 1]) this.transaction.abort();
      return request;
    });
    const client = await open(name);
    expect(spy.mock.calls.some(([, key]) => key === 'store')).toBe(true);
    expect((await keptOf(name)).get('store')).toEqual(storeKey);
    expect((await keptOf(name)).has('device')).toBe(false);
    await client.close();
    spy.mockRestore();
    const again = await open(name);
    expect(again.handle).toBe(client.handle);
    expect((await again.keys.list()).map(({ kind }) => kind)).toEqual(['device']);
  },
);

test('where the browser keeps no keys, the store key is kept as it is, and the list says so', async () => {
  const name = freshName();
  vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(refuseKeys);
  const client = await join(name);
  expect((await client.keys.list()).map(({ kind }) => kind)).toEqual(['file']);
  await client.close();
  expect((await open(name)).handle).toBe(client.handle);
});

test('a store is locked by a passphrase, and removing the device slot deletes the device’s key', async () => {
  const name = freshName();
  const client = await join(name);
  await client.keys.addPassphrase('correct horse', { cost });
  await client.keys.remove('device');
  await client.close();
  const kept = [...(await keptOf(name)).keys()].map(String);
  expect(kept.filter((key) => !key.startsWith(RING_PREFIX)).sort()).toEqual(['generation', 'store']);
  expect(await Client.isLocked(indexedDbStorage(name))).toBe(true);
  await expect(open(name)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  const again = await open(name, { unlock: { passphrase: 'correct horse' } });
  expect(await again.keys.addAutomatic()).toMatchObject({ id: 'device', kind: 'device' });
  await again.close();
  await open(name);
});

test('slots that two tabs add at once are all there', async () => {
  const name = freshName();
  const tabs = [await join(name), await open(name)];
  await Promise.all(
    Array.from({ length: 6 }, (_, i) => tabs[i % 2]!.keys.addSecret(new Uint8Array(32).fill(i))),
  );
  for (const tab of tabs) expect(await tab.keys.list()).toHaveLength(7);
});

test('a device slot whose key was deleted opens nothing, and is not counted as the last one that does', async () => {
  const name = freshName();
  const client = await join(name);
  const { id } = await client.keys.addPassphrase('correct horse', { cost });
  const storage = indexedDbStorage(name);
  const kept = await storage.keySlots!.read();
  // As it is after somebody has copied the bytes of a profile without the browser's keys.
  await storage.keySlots!.swap({ bytes: kept!.bytes }, kept!.bytes);
  await expect(client.keys.remove(id)).rejects.toMatchObject({ code: 'KEY_SLOT_LAST' });
  await client.close();
  expect(await Client.isLocked(storage)).toBe(true);
  await expect(open(name)).rejects.toMatchObject({ code: 'STORE_LOCKED' });
  await (await open(name, { unlock: { passphrase: 'correct horse' } })).close();
});
