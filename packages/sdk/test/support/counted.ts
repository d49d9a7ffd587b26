import type { Storage, StorageWrite } from '../../src/storage/storage.ts';

type Look = (writes: readonly StorageWrite[]) => void;

/** A storage that counts its commits, and lets a test look at each of them. */
export function counted(storage: Storage) {
  let commits = 0;
  let look: Look = () => undefined;
  return {
    ...storage,
    commit: async (writes: readonly StorageWrite[], expected: number) => {
      look(writes);
      commits++;
      return storage.commit(writes, expected);
    },
    /** How many commits were made. */
    commits: () => commits,
    /** Has this look at each commit from now on. What it throws fails the commit. */
    beforeCommit(next: Look): void {
      look = next;
    },
  };
}
