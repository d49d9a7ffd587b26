import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { RING_PREFIX, type Storage } from '../src/storage/storage.ts';
import { people, same } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

test('two tabs that find at the same time that the keys of a group are gone both say so, and neither fails', async () => {
  const storage = memoryStorage();
  const shared = { ...storage, close: async () => undefined };
  const alice = await town.join('alice', { storage: shared, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await bob.conversations.create({ name: 'Tea', members: [alice.handle] });
  await alice.sync();
  await alice.close();
  const keys = await storage.scan({ prefix: `${RING_PREFIX}${tea.id}/` });
  await storage.commit(
    keys.map(({ key }) => ({ key, value: undefined })),
    await storage.generation(),
  );
  await tea.send('unread');

  const other = await town.open({ storage: shared, live: false });
  let isArmed = false;
  const overtaken: Storage = {
    ...shared,
    commit: async (writes, expected) => {
      if (isArmed) {
        isArmed = false;
        await other.sync();
      }
      return shared.commit(writes, expected);
    },
  };
  const tab = await town.open({ storage: overtaken, live: false });
  isArmed = true;
  await tab.sync();
  expect(isArmed).toBe(false);
  expect([same(tab, tea).state, same(other, tea).state]).toEqual(['stuck', 'stuck']);
});
