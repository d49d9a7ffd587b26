import { endOfPrefix, StorageConflict, type ScanRange, type Storage, type StoredRow } from './storage.ts';

/** Returns a store that lives as long as the program, for tests and for clients that keep nothing. */
export function memoryStorage(): Storage {
  let rows = new Map<string, Uint8Array>();
  let generation = 0;
  let key: Uint8Array | undefined;

  return {
    generation: async () => generation,
    get: async (key) => rows.get(key)?.slice(),
    scan: async (range) => scan(rows, range),
    commit: async (writes, expected) => {
      if (expected !== generation) throw new StorageConflict();
      const next = new Map(rows);
      for (const { key, value } of writes) {
        if (value === undefined) next.delete(key);
        else next.set(key, value.slice());
      }
      rows = next;
      return ++generation;
    },
    storeKey: async (fresh) => (key ??= fresh?.slice())?.slice(),
    onForeignCommit: () => () => undefined,
    close: async () => undefined,
  };
}

function scan(rows: ReadonlyMap<string, Uint8Array>, range: ScanRange): StoredRow[] {
  const { prefix, after = '', before = endOfPrefix(prefix), limit = Infinity, reverse = false } = range;
  const keys = [...rows.keys()].filter((key) => key.startsWith(prefix) && key > after && key < before).sort();
  if (reverse) keys.reverse();
  return keys.slice(0, limit).map((key) => ({ key, value: (rows.get(key) as Uint8Array).slice() }));
}
