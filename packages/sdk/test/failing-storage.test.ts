import { expect, test } from 'vitest';
import { sdkError } from '../src/model/errors.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Storage } from '../src/storage/storage.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people();

/** A storage that fails at its next use of one kind, once it is told to. */
function failing() {
  const inner = memoryStorage();
  const next = { generation: false, commit: false, answer: false };
  const fail = (when: keyof typeof next) => {
    if (!next[when]) return;
    next[when] = false;
    throw sdkError('STORE_UNAVAILABLE', 'The disk failed.', { details: { reason: 'failed' } });
  };
  const storage: Storage = {
    ...inner,
    generation: async () => {
      fail('generation');
      return inner.generation();
    },
    commit: async (writes, expected) => {
      fail('commit');
      const generation = await inner.commit(writes, expected);
      fail('answer');
      return generation;
    },
  };
  return { storage, next };
}

test('a commit that was stored although the storage failed counts, and is not made again', async () => {
  const { storage, next } = failing();
  const [alice, bob] = [await town.join('alice', { storage }), await town.join('bob')];
  const tea = await alice.conversations.create({ members: [bob.handle] });
  next.answer = true;
  await tea.send('hello');
  await bob.sync();
  for (const conversation of [tea, same(bob, tea)]) expect(await textsOf(conversation)).toEqual(['hello']);
});

test('a message that was not stored fails, and the next one goes out', async () => {
  const { storage, next } = failing();
  const [alice, bob] = [await town.join('alice', { storage }), await town.join('bob')];
  const tea = await alice.conversations.create({ members: [bob.handle] });
  for (const fault of ['commit', 'generation'] as const) {
    next[fault] = true;
    await expect(tea.send(`lost at ${fault}`)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await tea.send(`after ${fault}`);
  }
  await bob.sync();
  const texts = ['after commit', 'after generation'];
  for (const conversation of [tea, same(bob, tea)]) expect(await textsOf(conversation)).toEqual(texts);
});
