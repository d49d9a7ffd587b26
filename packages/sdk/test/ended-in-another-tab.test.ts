import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { network } from './support/network.ts';
import { people, same } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

test('a conversation that another tab ends while this one reads it is in no trouble', async () => {
  const inner = { ...memoryStorage(), close: async () => undefined };
  const first = await town.join('alice', { storage: inner, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await first.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const net = network();
  let isArmed = false;
  const storage = {
    ...inner,
    generation: async () => {
      if (isArmed) {
        isArmed = false;
        await first.sync();
      }
      return inner.generation();
    },
  };
  const second = await town.open({ storage, live: false, platform: net.platform });
  await second.sync();
  await same(bob, tea).members.remove([first.handle]);
  net.lie('groups.heads', (heads) => {
    isArmed = true;
    return heads;
  });
  await second.sync().catch(() => undefined);
  net.mend();
  await second.sync();
  const hers = same(second, tea);
  expect([hers.state, hers.trouble]).toEqual(['removed', undefined]);
});
