import { expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { earlierStore, storageOf } from './support/earlier-store.ts';
import { textsOf } from './support/people.ts';

test('a store of an earlier version opens, although another tab commits before it is migrated', async () => {
  const store = await earlierStore(6);
  const inner = await storageOf(store);
  const storage = {
    ...inner,
    onForeignCommit: (listener: () => void) => {
      queueMicrotask(listener);
      return inner.onForeignCommit(listener);
    },
  };
  const alice = await Client.create({ relay: store.relay, storage, live: false });
  expect(await textsOf(alice.conversations.find('Alone'))).toEqual(['a note']);
  await alice.close();
});
