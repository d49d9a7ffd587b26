import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { StorageConflict, type Storage } from '../../src/storage/storage.ts';

const bytes = (...values: number[]) => new Uint8Array(values);
const key = (byte: number) => new Uint8Array(32).fill(byte);
const document = (name: string) => new TextEncoder().encode(`{"name":"${name}"}`);
const keysOf = (rows: { key: string }[]) => rows.map(({ key }) => key);

/**
 * What every {@link Storage} must do.
 *
 * @param options.shared whether the store outlives its object and can be opened several times
 * @param options.make a new store; what it returns opens that store, each time as another process would
 */
export function storageContract(
  name: string,
  { shared, make }: { shared: boolean; make: () => Promise<() => Promise<Storage>> },
) {
  describe(`storage contract: ${name}`, () => {
    let open: () => Promise<Storage>;
    let storage: Storage;
    const others: Storage[] = [];

    beforeEach(async () => {
      open = await make();
      storage = await open();
    });
    afterEach(async () => {
      await Promise.all([storage, ...others.splice(0)].map((opened) => opened.close()));
    });

    test('a new store is empty, at generation 0', async () => {
      expect(await storage.generation()).toBe(0);
      expect(await storage.get('a')).toBeUndefined();
      expect(await storage.scan({ prefix: '' })).toEqual([]);
    });

    test('a commit is read back, and raises the generation by one', async () => {
      expect(await storage.commit([{ key: 'a', value: bytes(1, 0, 255) }], 0)).toBe(1);
      expect(await storage.generation()).toBe(1);
      expect(await storage.get('a')).toEqual(bytes(1, 0, 255));
    });

    test('if it notes generations apart from the rows, the note is that of the last commit', async () => {
      if (storage.notedGeneration === undefined) return expect(shared).toBe(false);
      expect(await storage.notedGeneration()).toBeUndefined();
      for (const generation of [1, 2]) {
        await storage.commit([{ key: 'a', value: bytes(generation) }], generation - 1);
        expect(await storage.notedGeneration()).toBe(generation);
      }
      await expect(storage.commit([], 0)).rejects.toThrow(StorageConflict);
      expect([1, 2]).toContain(await storage.notedGeneration());
    });

    test('a commit does not lower a note that is ahead', async () => {
      if (storage.noteGeneration === undefined) return expect('notedGeneration' in storage).toBe(false);
      await storage.noteGeneration(9);
      await storage.commit([{ key: 'a', value: bytes(1) }], 0);
      expect(await storage.notedGeneration?.()).toBe(9);
      await storage.noteGeneration(1);
      expect(await storage.notedGeneration?.()).toBe(1);
    });

    test('writes count in their order, and no value deletes', async () => {
      await storage.commit(
        [
          { key: 'a', value: bytes(1) },
          { key: 'b', value: bytes(2) },
          { key: 'a', value: bytes(3) },
          { key: 'b', value: undefined },
        ],
        0,
      );
      expect(await storage.get('a')).toEqual(bytes(3));
      expect(await storage.get('b')).toBeUndefined();
    });

    test('a commit from another generation is refused whole', async () => {
      await storage.commit([{ key: 'a', value: bytes(1) }], 0);
      for (const stale of [0, 2]) {
        await expect(storage.commit([{ key: 'a', value: bytes(9) }], stale)).rejects.toThrow(StorageConflict);
      }
      expect(await storage.generation()).toBe(1);
      expect(await storage.get('a')).toEqual(bytes(1));
    });

    test('of many commits from one generation exactly one wins', async () => {
      const outcomes = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => storage.commit([{ key: `k${i}`, value: bytes(i) }], 0)),
      );
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      expect(await storage.scan({ prefix: 'k' })).toHaveLength(1);
    });

    test('scans give a prefix in order, bounded on both sides, limited, and in reverse', async () => {
      const keys = ['a/2', 'b/1', 'a/1', 'a/3', 'a', 'aa'];
      await storage.commit(
        keys.map((key) => ({ key, value: bytes(1) })),
        0,
      );
      expect(keysOf(await storage.scan({ prefix: 'a/' }))).toEqual(['a/1', 'a/2', 'a/3']);
      expect(keysOf(await storage.scan({ prefix: 'a/', after: 'a/1' }))).toEqual(['a/2', 'a/3']);
      expect(keysOf(await storage.scan({ prefix: 'a/', before: 'a/3' }))).toEqual(['a/1', 'a/2']);
      expect(keysOf(await storage.scan({ prefix: 'a/', limit: 2 }))).toEqual(['a/1', 'a/2']);
      expect(keysOf(await storage.scan({ prefix: 'a/', limit: 2, reverse: true }))).toEqual(['a/3', 'a/2']);
      expect(keysOf(await storage.scan({ prefix: '' }))).toEqual(['a', 'a/1', 'a/2', 'a/3', 'aa', 'b/1']);
    });

    test('values are copies: changing one changes nothing in the store', async () => {
      const value = bytes(1);
      await storage.commit([{ key: 'a', value }], 0);
      value[0] = 9;
      (await storage.get('a'))![0] = 8;
      expect(await storage.get('a')).toEqual(bytes(1));
    });

    test('the rows of the key ring are rows like all others', async () => {
      const ring = (...ids: string[]) => ids.map((id) => ({ key: `ring/${id}`, value: key(id.length) }));
      await storage.commit(
        [{ key: 'a', value: bytes(1) }, ...ring('x', 'y', 'xx'), { key: 's', value: bytes(2) }],
        0,
      );
      expect(keysOf(await storage.scan({ prefix: 'ring/' }))).toEqual(['ring/x', 'ring/xx', 'ring/y']);
      expect(keysOf(await storage.scan({ prefix: 'ring/x' }))).toEqual(['ring/x', 'ring/xx']);
      expect(keysOf(await storage.scan({ prefix: '' }))).toEqual(['a', 'ring/x', 'ring/xx', 'ring/y', 's']);
      expect(keysOf(await storage.scan({ prefix: '', after: 'ring/x', limit: 2 }))).toEqual([
        'ring/xx',
        'ring/y',
      ]);
      expect(keysOf(await storage.scan({ prefix: '', reverse: true, limit: 2 }))).toEqual(['s', 'ring/y']);
      expect(await storage.get('ring/xx')).toEqual(key(2));
      (await storage.get('ring/xx'))![0] = 9;
      expect(await storage.get('ring/xx')).toEqual(key(2));

      await expect(storage.commit(ring('late'), 0)).rejects.toThrow(StorageConflict);
      const next = [
        { key: 'ring/x', value: undefined },
        { key: 'ring/none', value: undefined },
      ];
      await storage.commit([...ring('new'), ...next], 1);
      expect(keysOf(await storage.scan({ prefix: 'ring/' })).filter((key) => key !== 'ring/late')).toEqual([
        'ring/new',
        'ring/xx',
        'ring/y',
      ]);
      expect(await storage.get('ring/x')).toBeUndefined();
    });

    test('a store key is made once, and stays', async () => {
      expect(await storage.storeKey()).toBeUndefined();
      const [first, second] = await Promise.all([storage.storeKey(key(1)), storage.storeKey(key(2))]);
      expect(first).toEqual(second);
      expect([key(1), key(2)]).toContainEqual(first);
      expect(await storage.storeKey(key(3))).toEqual(first);
      expect(await storage.scan({ prefix: '' })).toEqual([]);
    });

    test('what is kept of a wrapped key changes only from what is expected', async () => {
      const { keySlots } = storage;
      if (keySlots === undefined) return expect(shared).toBe(false);
      expect(await keySlots.read()).toBeUndefined();
      expect(await keySlots.swap({ bytes: document('a') }, document('b'))).toBe(false);
      expect(await keySlots.swap({ bytes: document('a') }, undefined)).toBe(true);
      expect(await keySlots.swap({ bytes: document('b') }, undefined)).toBe(false);
      expect(await keySlots.swap({ bytes: document('b') }, document('c'))).toBe(false);
      expect((await keySlots.read())?.bytes).toEqual(document('a'));
      expect(await keySlots.swap({ bytes: document('b longer') }, document('a'))).toBe(true);
      expect(await keySlots.swap({ bytes: document('c') }, document('b longer'))).toBe(true);
      expect((await keySlots.read())?.bytes).toEqual(document('c'));
      expect(await storage.scan({ prefix: '' })).toEqual([]);
    });

    test('a key that is wrapped is not handed out, nor replaced by a fresh one', async () => {
      if (storage.keySlots === undefined) return expect(shared).toBe(false);
      expect(await storage.storeKey(key(1))).toEqual(key(1));
      expect((await storage.keySlots.read())?.bytes).toEqual(key(1));
      await storage.keySlots.swap({ bytes: document('a') }, key(1));
      await expect(storage.storeKey()).rejects.toMatchObject({ code: 'STORE_LOCKED' });
      await expect(storage.storeKey(key(2))).rejects.toMatchObject({ code: 'STORE_LOCKED' });
      expect((await storage.keySlots.read())?.bytes).toEqual(document('a'));
    });

    test('a device key is kept, replaced and deleted with the bytes', async () => {
      const { keySlots } = storage;
      const deviceKey = await keySlots?.newDeviceKey?.();
      if (keySlots === undefined || deviceKey === undefined) return expect(name).not.toBe('IndexedDB');
      const input = { nonce: bytes(...Array(12).keys()), additionalData: bytes(7) };
      const sealed = await deviceKey.seal(key(1), input);
      await keySlots.swap({ bytes: document('a'), deviceKey }, undefined);
      const kept = (await keySlots.read())?.deviceKey;
      expect(await kept?.open(sealed, input)).toEqual(key(1));
      expect(await kept?.open(sealed, { ...input, additionalData: bytes(8) })).toBeUndefined();
      const other = (await keySlots.newDeviceKey?.())!;
      expect(await keySlots.swap({ bytes: document('b'), deviceKey: other }, document('x'))).toBe(false);
      expect(await (await keySlots.read())?.deviceKey?.open(sealed, input)).toEqual(key(1));
      await keySlots.swap({ bytes: document('b'), deviceKey: other }, document('a'));
      expect(await (await keySlots.read())?.deviceKey?.open(sealed, input)).toBeUndefined();
      await keySlots.swap({ bytes: document('c') }, document('b'));
      expect(await keySlots.read()).toEqual({ bytes: document('c'), deviceKey: undefined });
    });

    if (!shared) return;

    test('of many who change what is kept of a wrapped key at once, exactly one wins', async () => {
      const second = await open();
      others.push(second);
      const all = Array.from({ length: 20 }, (_, i) =>
        [storage, second][i % 2]!.keySlots!.swap({ bytes: document(`${i}`) }, undefined),
      );
      const won = (await Promise.all(all)).flatMap((isDone, i) => (isDone ? [i] : []));
      expect(won).toHaveLength(1);
      for (const each of [storage, second])
        expect((await each.keySlots!.read())?.bytes).toEqual(document(`${won[0]}`));
    });

    test('who opens a store anew gets the same store key', async () => {
      const second = await open();
      others.push(second);
      const keys = await Promise.all([storage.storeKey(key(1)), second.storeKey(key(2))]);
      expect(keys[0]).toEqual(keys[1]);
    });

    test('what was committed is there after the store is opened anew', async () => {
      await storage.commit([{ key: 'a', value: bytes(1) }], 0);
      const second = await open();
      others.push(second);
      expect(await second.get('a')).toEqual(bytes(1));
      expect(await second.generation()).toBe(1);
    });

    test('two who share a store cannot both commit, and each hears of the other', async () => {
      const second = await open();
      others.push(second);
      const heard = new Promise<void>((resolve) => second.onForeignCommit(resolve));
      await storage.commit([{ key: 'a', value: bytes(1) }], 0);
      await heard;
      await expect(second.commit([{ key: 'a', value: bytes(2) }], 0)).rejects.toThrow(StorageConflict);
      expect(await second.commit([{ key: 'a', value: bytes(2) }], 1)).toBe(2);
      expect(await storage.get('a')).toEqual(bytes(2));
    });
  });
}
