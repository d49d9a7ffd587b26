import { memoryStorage, StorageConflict, type Storage } from '@quicprochat/sdk';
import { expect, test } from 'vitest';
import { countedStorage } from './counted-storage.ts';
import { Tally } from './tally.ts';

const value = new Uint8Array(10);

test('counts commits, rows and bytes, and changes no answer', async () => {
  const tally = new Tally();
  const storage = countedStorage(memoryStorage(), tally);
  const writes = [
    { key: 'a/1', value },
    { key: 'a/2', value },
    { key: 'b', value: undefined },
  ];
  expect(await storage.commit(writes, 0)).toBe(1);
  expect(await storage.get('a/1')).toEqual(value);
  expect(await storage.get('c')).toBeUndefined();
  expect(await storage.scan({ prefix: 'a/' })).toHaveLength(2);
  expect(tally.read()).toEqual({
    'store commits': 1,
    'rows written': 3,
    'bytes written': 27,
    'store call get': 2,
    'store call scan': 1,
    'rows read': 3,
    'bytes read': 36,
  });
});

test('a conflict reaches the client and is no commit', async () => {
  const tally = new Tally();
  const storage = countedStorage(memoryStorage(), tally);
  await expect(storage.commit([{ key: 'a', value }], 7)).rejects.toBeInstanceOf(StorageConflict);
  expect(tally.read()).toEqual({ 'store conflicts': 1 });
});

test('passes on methods that only another revision has', async () => {
  const tally = new Tally();
  const changes = async (since: number) => [{ key: `after-${since}`, value }];
  const storage = countedStorage({ ...memoryStorage(), changes } as Storage, tally);
  const { changes: counted } = storage as Storage & { changes: typeof changes };
  expect(await counted(3)).toEqual([{ key: 'after-3', value }]);
  expect(tally.read()).toMatchObject({ 'store call changes': 1, 'rows read': 1 });
});
