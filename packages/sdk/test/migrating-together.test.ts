import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { textsOf } from './support/people.ts';

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

test('a store of an earlier version opens, although another tab commits before it is migrated', async () => {
  const file = new URL('fixtures/store-6.json.gz', import.meta.url);
  const fixture = JSON.parse(gunzipSync(await readFile(file)).toString()) as {
    relay: string;
    storeKey: string;
    store: [key: string, value: string][];
  };
  const inner = memoryStorage();
  const rows = fixture.store.map(([key, value]) => ({ key, value: bytes(value) }));
  await inner.commit(rows, 0);
  await inner.storeKey(bytes(fixture.storeKey));
  const storage = {
    ...inner,
    onForeignCommit: (listener: () => void) => {
      queueMicrotask(listener);
      return inner.onForeignCommit(listener);
    },
  };
  const alice = await Client.create({ relay: fixture.relay, storage, live: false });
  expect(await textsOf(alice.conversations.find('Alone'))).toEqual(['a note']);
  await alice.close();
});
