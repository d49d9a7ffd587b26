import type { Storage } from '@quicprochat/sdk';
import { Rng } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { Disk } from '../src/disk.ts';
import type { Tab } from '../src/tab.ts';

/** A tab for which everything happens at once. */
function tab() {
  const closed: string[] = [];
  const now = async <Result>(_what: string, work: () => Result) => work();
  const parts = {
    later: now,
    work: now,
    commit: <Result>(work: () => Result) => work(),
    onCommit: () => undefined,
    onStorageClosed: () => closed.push('closed'),
    takeHasCommitted: () => false,
  };
  return { tab: parts as unknown as Tab, closed };
}

const row = (text: string) => [{ key: 'a', value: Uint8Array.from(Buffer.from(text)) }];

const textOf = async (storage: Storage) => Buffer.from((await storage.get('a')) ?? []).toString();

/** How often a commit fails before it is stored. */
async function failures(storage: Storage): Promise<number> {
  for (let failed = 0; ; failed += 1) {
    try {
      await storage.commit(row('new'), await storage.generation());
      return failed;
    } catch (error) {
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    }
  }
}

test('a busy storage fails once, and a full one until there is room', async () => {
  const disk = new Disk(new Rng(1));
  const storage = disk.openFor(tab().tab);
  disk.mishap = 'busy';
  expect(await failures(storage)).toBe(1);
  const whileFull = new Set<number>();
  for (let n = 0; n < 50; n += 1) {
    disk.mishap = 'full';
    whileFull.add(await failures(storage));
  }
  expect([...whileFull].sort()).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
});

test('a storage that is closed under a tab stores nothing, and another tab goes on', async () => {
  const disk = new Disk(new Rng(1));
  const { tab: one, closed } = tab();
  const [storage, other] = [disk.openFor(one), disk.openFor(tab().tab)];
  await storage.commit(row('old'), 0);
  disk.mishap = 'closed';
  await expect(storage.commit(row('new'), 1)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await expect(storage.get('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(closed).toEqual(['closed']);
  expect(await textOf(other)).toBe('old');
  expect(await failures(other)).toBe(0);
});

test('a copy has the rows, the key and the note, and goes on by itself', async () => {
  const disk = new Disk(new Rng(1));
  const storage = disk.openFor(tab().tab);
  await storage.storeKey(Uint8Array.of(7));
  await storage.commit(row('shared'), 0);
  const copy = disk.copy().openFor(tab().tab);
  expect([await textOf(copy), await copy.storeKey(), await copy.notedGeneration?.()]).toEqual([
    'shared',
    Uint8Array.of(7),
    1,
  ]);
  await copy.commit(row('of the copy'), 1);
  expect(await textOf(storage)).toBe('shared');
  await storage.commit(row('of the first'), 1);
  expect(await textOf(copy)).toBe('of the copy');
});

test('a storage is put back with its key ring, or without', async () => {
  const outcomes = new Set<string>();
  for (const exceptRing of [false, true]) {
    const disk = new Disk(new Rng(1));
    const storage = disk.openFor(tab().tab);
    const ring = (text: string) => ({ key: `ring/${text}`, value: new Uint8Array(32) });
    await storage.commit([...row('old'), ring('old')], 0);
    await storage.commit([...row('new'), ring('new'), { ...ring('old'), value: undefined }], 1);
    disk.putBack({ exceptRing });
    const keys = (await storage.scan({ prefix: 'ring/' })).map(({ key }) => key);
    outcomes.add(`${await textOf(storage)} ${keys.join()}`);
  }
  expect([...outcomes]).toEqual(['old ring/old', 'old ring/new']);
});

test('a locked storage keeps slots, which change by comparison', async () => {
  const disk = new Disk(new Rng(1), { isLocked: true });
  const { keySlots } = disk.openFor(tab().tab);
  const bytes = (text: string) => Uint8Array.from(Buffer.from(text));
  expect([disk.hasSlots, await keySlots?.read()]).toEqual([false, undefined]);
  expect(await keySlots?.swap({ bytes: bytes('one') }, undefined)).toBe(true);
  expect(await keySlots?.swap({ bytes: bytes('two') }, undefined)).toBe(false);
  expect(await keySlots?.swap({ bytes: bytes('two') }, bytes('one'))).toBe(true);
  expect(await keySlots?.read()).toEqual({ bytes: bytes('two') });
  const copy = disk.copy();
  expect(await copy.openFor(tab().tab).keySlots?.read()).toEqual({ bytes: bytes('two') });
  expect(new Disk(new Rng(1)).openFor(tab().tab).keySlots).toBeUndefined();
});
