import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { textsOf } from './support/people.ts';

interface Fixture {
  relay: string;
  storeKey: string;
  store: [key: string, value: string][];
}
async function fixture(version: number): Promise<Fixture> {
  const file = new URL(`fixtures/store-${version}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(await readFile(file)).toString()) as Fixture;
}
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

test('a store of an earlier version is not changed with a key that is not its own', async () => {
  const { store, storeKey, relay } = await fixture(6);
  const inner = memoryStorage();
  await inner.commit(
    store.map(([key, value]) => ({ key, value: bytes(value) })),
    0,
  );
  let key = new Uint8Array(32).fill(1);
  const storage = { ...inner, storeKey: async () => key, close: async () => undefined };
  await expect(Client.create({ relay, storage, live: false })).rejects.toMatchObject({
    code: 'STORE_KEY_WRONG',
  });
  // As the error says: put back the key that belongs to it.
  key = bytes(storeKey);
  const alice = await Client.create({ relay, storage, live: false });
  expect(await textsOf(alice.conversations.find('Alone'))).toEqual(['a note']);
  await alice.close();
});
