import type { Storage, StorageWrite } from '../../src/storage/storage.ts';

type Look = (writes: readonly StorageWrite[]) => void;

/** A storage that counts its commits and what is read of it, and lets a test look at each commit. */
export function counted(storage: Storage) {
  let [commits, reads] = [0, 0];
  let look: Look = () => undefined;
  return {
    ...storage,
    commit: async (writes: readonly StorageWrite[], expected: number) => {
      look(writes);
      commits++;
      return storage.commit(writes, expected);
    },
    get: async (key: string) => {
      reads++;
      return storage.get(key);
    },
    /** How many single rows were read. */
    reads: () => reads,
    /** How many commits were made. */
    commits: () => commits,
    /** Has this look at each commit from now on. What it throws fails the commit. */
    beforeCommit(next: Look): void {
      look = next;
    },
  };
}
