import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { RING_PREFIX } from '../src/storage/storage.ts';
import { people } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

test('a lost group does not keep the keys from being erased that others have left behind', async () => {
  const storage = memoryStorage();
  const kept = { ...storage, close: async () => undefined };
  const alice = await town.join('alice', { storage: kept, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  const work = await alice.conversations.create({ name: 'Work', members: [bob.handle] });
  await alice.close();
  const keysOf = async (scope: string) => storage.scan({ prefix: `${RING_PREFIX}${scope}/` });
  const others = (keys: readonly { key: string }[]) =>
    keys.flatMap(({ key }) =>
      ['BA', 'CA'].map((end) => ({ key: key.slice(0, -2) + end, value: new Uint8Array(32).fill(7) })),
    );
  const [teas, works] = [await keysOf(tea.id), await keysOf(work.id)];
  const lost = [...teas.map(({ key }) => ({ key, value: undefined })), ...others(teas)];
  const unknown = { key: `${RING_PREFIX}${'0'.repeat(32)}/BRAA`, value: new Uint8Array(32) };
  await storage.commit([...lost, ...others(works), unknown], await storage.generation());

  await using again = await town.open({ storage: kept, live: false });
  expect(again.handle).toBe(alice.handle);
  expect(await keysOf(work.id)).toEqual(works);
  expect(await keysOf('0'.repeat(32))).toEqual([]);
});
