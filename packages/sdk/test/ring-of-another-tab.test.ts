import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { RING_PREFIX } from '../src/storage/storage.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

test('a tab that had a group in memory neither loses it nor erases its key when another tab leaves and joins it again', async () => {
  const storage = memoryStorage();
  const shared = { ...storage, close: async () => undefined };
  const first = await town.join('alice', { storage: shared, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await bob.conversations.create({ name: 'Tea', members: [first.handle] });
  const gin = await bob.conversations.create({ name: 'Gin', members: [first.handle] });
  await first.sync();
  const second = await town.open({ storage: shared, live: false });
  await same(second, tea).send('before');

  await first.sync();
  await bob.sync();
  await tea.members.remove([first.handle]);
  await first.sync();
  await second.sync();
  expect(same(second, tea).state).toBe('removed');
  await tea.members.add([first.handle]);
  await first.sync();
  const keys = await storage.scan({ prefix: `${RING_PREFIX}${tea.id}/` });
  expect(keys).toHaveLength(1);

  // The second takes the new state over, then another group into memory, and commits.
  await same(second, gin).send('takes over');
  const rum = await bob.conversations.create({ name: 'Rum', members: [first.handle] });
  await first.sync();
  await same(second, gin).send('and again');
  await same(second, rum).send('into memory');
  await same(second, gin).send('commits');
  expect(await storage.scan({ prefix: `${RING_PREFIX}${tea.id}/` })).toEqual(keys);
  await same(second, tea).send('here as well');
  await bob.sync();
  expect(await textsOf(tea)).toContain('here as well');
  const third = await town.open({ storage: shared, live: false });
  await same(third, tea).send('and after opening again');
});
