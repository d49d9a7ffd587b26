import type { Storage } from '../storage/storage.ts';
import type { StoreKey } from './store-key.ts';

/** The storage with a key that was unlocked. One without key slots stays as it is. */
export function keyedStorage(storage: Storage, storeKey: StoreKey): Storage {
  if (storage.keySlots === undefined) return storage;
  return {
    generation: () => storage.generation(),
    get: (key) => storage.get(key),
    scan: (range) => storage.scan(range),
    commit: (writes, expected) => storage.commit(writes, expected),
    storeKey: (fresh) => storeKey.bytes(fresh),
    ...optional(storage),
    onForeignCommit: (listener) => storage.onForeignCommit(listener),
    close: () => storage.close(),
  };
}

/** The methods that a storage may lack: their absence means something. */
function optional(storage: Storage): Pick<Storage, 'expunge' | 'notedGeneration' | 'noteGeneration'> {
  return {
    ...(storage.expunge && { expunge: async () => storage.expunge?.() }),
    ...(storage.notedGeneration && { notedGeneration: async () => storage.notedGeneration?.() }),
    ...(storage.noteGeneration && {
      noteGeneration: async (generation: number) => storage.noteGeneration?.(generation),
    }),
  };
}
