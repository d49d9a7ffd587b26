import { memoryStorage } from '../src/storage/memory.ts';
import type { Storage } from '../src/storage/storage.ts';
import { expect, test } from 'vitest';
import { people } from './support/people.ts';

const town = people();

/** The same storage for another tab, with a count of the rows that the tab reads. */
function counted(storage: Storage) {
  const read = { rows: 0 };
  const scan: Storage['scan'] = async (range) => {
    const rows = await storage.scan(range);
    read.rows += rows.length;
    return rows;
  };
  const get: Storage['get'] = (key) => {
    read.rows += 1;
    return storage.get(key);
  };
  return { storage: { ...storage, scan, get }, read };
}

test('a tab takes over what another one changed by reading that alone, however much there is', async () => {
  const shared = memoryStorage();
  const storage: Storage = { ...shared, close: async () => undefined };
  const alice = await town.join('alice', { storage });
  const [tea] = await Promise.all(
    Array.from({ length: 12 }, (_, n) => alice.conversations.create({ name: `tea ${n}`, members: [] })),
  );
  const { storage: other, read } = counted(storage);
  const tab = await town.open({ storage: other });
  read.rows = 0;
  await tea!.setDraft('typed elsewhere');
  const here = tab.conversations.find(tea!.id);
  await here.markRead(0);
  expect(here.draft).toBe('typed elsewhere');
  // The header, the note of that one commit, and the row that it names; the history that was read to mark it has no lines.
  expect(read.rows).toBe(3);
});
