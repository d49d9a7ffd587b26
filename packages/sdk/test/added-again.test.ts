import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { RING_PREFIX, type Storage } from '../src/storage/storage.ts';
import { film } from './support/film.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** Alice in a conversation of Bob's, on a storage that outlives her clients. */
async function membership(storage: Storage) {
  const alice = await town.join('alice', {
    storage: { ...storage, close: async () => undefined },
    live: false,
  });
  const bob = await town.join('bob', { live: false });
  const tea = await bob.conversations.create({ name: 'Tea', members: [alice.handle] });
  await alice.sync();
  return { alice, bob, tea };
}

async function addAgain(tea: Awaited<ReturnType<typeof membership>>['tea'], handle: string) {
  await tea.members.remove([handle]);
  await tea.members.add([handle]);
}

test('a device that lost its whole key ring is back when a member adds it again once', async () => {
  const storage = memoryStorage();
  const { alice, tea } = await membership(storage);
  await alice.close();
  const keys = await storage.scan({ prefix: RING_PREFIX });
  await storage.commit(
    keys.map(({ key }) => ({ key, value: undefined })),
    await storage.generation(),
  );
  await tea.send('unread');

  const again = await town.open({ storage, live: false });
  await again.sync();
  expect(same(again, tea).state).toBe('stuck');
  await again.sync();
  await addAgain(tea, again.handle);
  await again.sync();
  expect(same(again, tea).state).toBe('active');
  await tea.send('here again');
  await again.sync();
  expect(await textsOf(same(again, tea))).toContain('here again');
});

test('a device whose storage was put back under the key ring of now is back when a member adds it again once', async () => {
  const hers = await film();
  const { alice, bob, tea } = await membership(hers.storage);
  const then = hers.length();
  for (let round = 0; round < 12; round++) {
    await bob.conversations.create({ name: `${round}`, members: [alice.handle] });
    await alice.sync();
  }
  await same(alice, tea).heal();
  await alice.close();

  const again = await town.open({ storage: await hers.putBackUnderRingOfNow(then), live: false });
  await again.sync();
  expect(same(again, tea).state).toBe('stuck');
  await again.sync();
  await addAgain(tea, again.handle);
  await again.sync();
  expect(same(again, tea).state).toBe('active');
});
