import { useEffect, useSyncExternalStore } from 'react';

/**
 * Whether the browser keeps this site's data when it runs out of space: `unsupported` if it cannot promise that, and
 * `unknown` until it has answered.
 */
export type Keeping = 'unknown' | 'kept' | 'not-kept' | 'unsupported';

interface Known {
  keeping: Keeping;
  /** Whether there is a new account, and the person has not taken note yet of where it is. */
  isNews: boolean;
}

const listeners = new Set<() => void>();
let known: Known = { keeping: 'unknown', isNews: false };

/** Asks the browser not to delete the account when the disk is full: its keys exist nowhere else. Never rejects. */
export async function askToKeep({ isNews }: { isNews: boolean }): Promise<void> {
  if (isNews) set({ ...known, isNews });
  const keeping = await answerOf((storage) => storage.persist());
  set({ ...known, keeping });
}

export function dismissNews(): void {
  set({ ...known, isNews: false });
}

/** What the browser has promised, as it says now. */
export function useKeeping(): Known {
  useEffect(() => {
    void answerOf((storage) => storage.persisted()).then((keeping) => set({ ...known, keeping }));
  }, []);
  return useSyncExternalStore(subscribe, read, read);
}

async function answerOf(ask: (storage: StorageManager) => Promise<boolean>): Promise<Keeping> {
  // Old browsers have no such object, and neither has a page that came over plain http.
  const storage = (navigator as Partial<Navigator>).storage as Partial<StorageManager> | undefined;
  if (storage?.persist === undefined || storage.persisted === undefined) return 'unsupported';
  try {
    return (await ask(storage as StorageManager)) ? 'kept' : 'not-kept';
  } catch {
    return 'not-kept';
  }
}

function set(next: Known): void {
  known = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(): Known {
  return known;
}
