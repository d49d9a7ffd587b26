import { expect, test } from 'vitest';
import { memoryStorage } from '../storage/memory.ts';
import type { Storage } from '../storage/storage.ts';
import { changedSince, isCommitted, journalWrites } from './journal.ts';

/** Commits once for each list of keys. Returns the generation afterwards. */
async function commitAll(storage: Storage, commits: readonly (readonly string[])[]): Promise<number> {
  let generation = await storage.generation();
  for (const keys of commits)
    generation = await storage.commit(journalWrites(generation + 1, { mark: 'ours', keys }), generation);
  return generation;
}

test('tells each row that later commits changed, once', async () => {
  const storage = memoryStorage();
  const since = await commitAll(storage, [['draft/a'], ['draft/b']]);
  const until = await commitAll(storage, [['draft/c'], ['draft/c', 'core/x'], []]);
  expect(await changedSince(storage, { since, until })).toEqual(['draft/c', 'core/x']);
  expect(await changedSince(storage, { since: until, until })).toEqual([]);
});

test('leaves out what was committed after the generation asked for', async () => {
  const storage = memoryStorage();
  const until = await commitAll(storage, [['draft/a']]);
  await commitAll(storage, [['draft/b']]);
  expect(await changedSince(storage, { since: 0, until })).toEqual(['draft/a']);
});

test('names the conversation of changed messages only', async () => {
  const storage = memoryStorage();
  const until = await commitAll(storage, [['message/tea/000000000001', 'message/tea/000000000002']]);
  expect(await changedSince(storage, { since: 0, until })).toEqual(['message/tea']);
});

test('says so if it cannot tell: a commit without a note, or too many commits', async () => {
  const storage = memoryStorage();
  await storage.commit([], await commitAll(storage, [['draft/a']]));
  const until = await commitAll(storage, [['draft/b']]);
  expect(await changedSince(storage, { since: 0, until })).toBeUndefined();

  const far = await commitAll(
    storage,
    Array.from({ length: 501 }, () => ['draft/c']),
  );
  expect(await changedSince(storage, { since: until, until: far })).toBeUndefined();
  expect(await changedSince(storage, { since: until + 1, until: far })).toEqual(['draft/c']);
  const notes = await storage.scan({ prefix: 'journal/' });
  expect(notes).toHaveLength(500);
});

test('knows a commit again by its mark', async () => {
  const storage = memoryStorage();
  const generation = await commitAll(storage, [['draft/a']]);
  expect(await isCommitted(storage, generation, 'ours')).toBe(true);
  expect(await isCommitted(storage, generation, 'another')).toBe(false);
  expect(await isCommitted(storage, generation + 1, 'ours')).toBe(false);
});
