import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Storage } from '../src/storage/storage.ts';
import { people, same, syncAll } from './support/people.ts';

const town = people();

/** The same storage, as a tab sees it whose first commit waits. */
function slow(storage: Storage) {
  let release: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  let isFirst = true;
  const commit: Storage['commit'] = async (writes, expected) => {
    if (isFirst) {
      isFirst = false;
      await gate;
    }
    return storage.commit(writes, expected);
  };
  return {
    storage: { ...storage, commit },
    release: () => {
      release();
    },
    isWaiting: () => !isFirst,
  };
}

test('two tabs that register the same handle at once are one account', async () => {
  const storage = memoryStorage();
  const second = slow(storage);
  const late = town.open({ handle: 'two-tabs', storage: second.storage });
  await expect.poll(second.isWaiting, { timeout: 10_000 }).toBe(true);
  const first = await town.open({ handle: 'two-tabs', storage });
  second.release();
  expect((await late).deviceId).toBe(first.deviceId);
  await first.close();
  await expect(town.open({ storage })).resolves.toMatchObject({ deviceId: first.deviceId });
});

test('a tab that registers another handle into the same storage is refused, and takes nothing away', async () => {
  const storage = memoryStorage();
  const second = slow(storage);
  const late = town.open({ handle: 'tab-two', storage: second.storage });
  const refused = expect(late).rejects.toMatchObject({ code: 'HANDLE_MISMATCH' });
  await expect.poll(second.isWaiting, { timeout: 10_000 }).toBe(true);
  const first = await town.open({ handle: 'tab-one', storage });
  second.release();
  await refused;
  await first.close();
  await expect(town.open({ storage })).resolves.toMatchObject({
    handle: 'tab-one',
    deviceId: first.deviceId,
  });
});

test('a commit and the look after it both fail: the next one starts from what is stored', async () => {
  const inner = memoryStorage();
  let [failsCommit, failsGeneration] = [false, false];
  const storage: Storage = {
    ...inner,
    generation: async () => {
      if (!failsGeneration) return inner.generation();
      failsGeneration = false;
      throw new Error('cannot be read just now');
    },
    commit: async (writes, expected) => {
      if (!failsCommit || !writes.some(({ key }) => key.startsWith('core/')))
        return inner.commit(writes, expected);
      [failsCommit, failsGeneration] = [false, true];
      throw new Error('the disk is full');
    },
  };
  const [alice, bob] = [await town.join('alice'), await town.join('bob', { storage })];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  failsCommit = true;
  await expect(same(bob, tea).heal()).rejects.toThrow();
  expect(failsCommit).toBe(false);
  await same(bob, tea).heal();
  await bob.close();
  const again = await town.open({ storage });
  expect(same(again, tea).epoch).toBeGreaterThan(1);
});
