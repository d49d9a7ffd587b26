import { crc32 } from './crc32.ts';
import { RingSlots, type SlotFile } from './ring-slots.ts';
import type { KeyRing } from './storage.ts';

const FOLDER = 'quicprochat';

/** What the page's types lack: only dedicated workers have it. */
interface SyncAccessHandle {
  getSize(): number;
  read(into: Uint8Array, options: { at: number }): number;
  write(bytes: Uint8Array, options: { at: number }): number;
  flush(): void;
  close(): void;
}

/**
 * Key rings in the origin private file system, one file for each storage. Each call excludes all other tabs while it runs.
 */
export const opfsRings: KeyRing = {
  rows: async (name) => {
    if (!(await hasFiles())) return undefined;
    return withHandle(name, (handle) => (isSynchronous(handle) ? slotsIn(handle).rows() : undefined));
  },
  put: (name, rows) => withHandle(name, (handle) => slotsIn(handle).put(rows)),
  erase: (name, keys) => withHandle(name, (handle) => slotsIn(handle).erase(new Set(keys))),
};

/** Private windows of some browsers have none, nor have pages without TLS. */
async function hasFiles(): Promise<boolean> {
  const { storage, locks } = navigator as Partial<Navigator>;
  const isThere = storage?.getDirectory !== undefined && locks !== undefined;
  if (!isThere || !('createSyncAccessHandle' in FileSystemFileHandle.prototype)) return false;
  try {
    await storage.getDirectory();
    return true;
  } catch {
    return false;
  }
}

/** In early versions of the interface, all methods return promises. */
function isSynchronous(handle: SyncAccessHandle): boolean {
  return typeof (handle.getSize() as unknown) === 'number';
}

/** A file can be open in one tab at a time: the others wait for the lock, which a tab that ends gives back. */
async function withHandle<Result>(name: string, work: (handle: SyncAccessHandle) => Result): Promise<Result> {
  return navigator.locks.request(`quicprochat-ring:${name}`, async () => {
    const root = await navigator.storage.getDirectory();
    const folder = await root.getDirectoryHandle(FOLDER, { create: true });
    const file = await folder.getFileHandle(`${encodeURIComponent(name)}.ring`, { create: true });
    const handle = await (
      file as unknown as { createSyncAccessHandle(): Promise<SyncAccessHandle> }
    ).createSyncAccessHandle();
    try {
      return work(handle);
    } finally {
      handle.close();
    }
  });
}

function slotsIn(handle: SyncAccessHandle): RingSlots {
  const file: SlotFile = {
    size: () => handle.getSize(),
    read: (into, at) => handle.read(into, { at }),
    write: (bytes, at) => handle.write(bytes, { at }),
    flush: () => {
      handle.flush();
    },
  };
  return new RingSlots(file, crc32);
}
