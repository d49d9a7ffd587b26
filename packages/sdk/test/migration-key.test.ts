import { expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { bytesOf, earlierStore, storageOf } from './support/earlier-store.ts';
import { textsOf } from './support/people.ts';

test('a store of an earlier version is not changed with a key that is not its own', async () => {
  const store = await earlierStore(6);
  const { relay } = store;
  let key = new Uint8Array(32).fill(1);
  const storage = { ...(await storageOf(store)), storeKey: async () => key, close: async () => undefined };
  await expect(Client.create({ relay, storage, live: false })).rejects.toMatchObject({
    code: 'STORE_KEY_WRONG',
  });
  // As the error says: put back the key that belongs to it.
  key = bytesOf(store.storeKey);
  const alice = await Client.create({ relay, storage, live: false });
  expect(await textsOf(alice.conversations.find('Alone'))).toEqual(['a note']);
  await alice.close();
});
