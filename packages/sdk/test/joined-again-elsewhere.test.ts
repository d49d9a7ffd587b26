import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

test('a tab that had a group in memory reads on when another tab has been removed from it and has joined it again', async () => {
  const shared = { ...memoryStorage(), close: async () => undefined };
  const first = await town.join('alice', { storage: shared, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await bob.conversations.create({ name: 'Tea', members: [first.handle] });
  await first.sync();
  const second = await town.open({ storage: shared, live: false });
  await same(second, tea).send('in memory');
  await bob.sync();
  await tea.members.remove([first.handle]);
  await first.sync();
  // Takes over that the group is gone.
  await second.sync();
  await tea.members.add([first.handle]);
  await first.sync();
  await tea.send('welcome back');

  // What it does first with the new group is to sign for it.
  await second.sync();
  expect(await textsOf(same(second, tea))).toContain('welcome back');
});
