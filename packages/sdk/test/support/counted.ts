import type { Storage } from '../../src/storage/storage.ts';

/** A storage that counts its commits. */
export function counted(storage: Storage): Storage & { commits(): number } {
  let commits = 0;
  return {
    ...storage,
    commit: (writes, expected) => {
      commits++;
      return storage.commit(writes, expected);
    },
    commits: () => commits,
  };
}
