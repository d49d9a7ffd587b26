import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { RING_PREFIX } from '../src/storage/storage.ts';
import { people, same } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

test.each([false, true])(
  'a conversation whose keys are erased is left on this device alone (live: %s)',
  async (live) => {
    const storage = memoryStorage();
    const kept = { ...storage, close: async () => undefined };
    const alice = await town.join('alice', { storage: kept, live: false });
    const bob = await town.join('bob', { live: false });
    const tea = await bob.conversations.create({ name: 'Tea', members: [alice.handle] });
    await alice.sync();
    await alice.close();
    const keys = await storage.scan({ prefix: `${RING_PREFIX}${tea.id}/` });
    await storage.commit(
      keys.map(({ key }) => ({ key, value: undefined })),
      await storage.generation(),
    );
    const again = await town.open({ storage: kept, live });
    await same(again, tea).leave();
    expect(same(again, tea).state).toBe('left');
    await bob.sync();
    expect(tea.state).toBe('active');
    expect(tea.members.list().map(({ handle }) => handle)).toContain(alice.handle);
  },
);
