import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { memoryStorage } from '../../src/storage/memory.ts';
import type { Storage } from '../../src/storage/storage.ts';

/** A store that an earlier version has written: its relay's address, its key, and its rows. Bytes are base64. */
export interface EarlierStore {
  relay: string;
  storeKey: string;
  store: [key: string, value: string][];
}

export async function earlierStore(version: 5 | 6): Promise<EarlierStore> {
  const file = new URL(`../fixtures/store-${version}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(await readFile(file)).toString()) as EarlierStore;
}

/** A storage with what an earlier version has written, its key included. */
export async function storageOf({ store, storeKey }: EarlierStore): Promise<Storage> {
  const storage = memoryStorage();
  const rows = store.map(([key, value]) => ({ key, value: bytesOf(value) }));
  await storage.commit(rows, 0);
  await storage.storeKey(bytesOf(storeKey));
  return storage;
}

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(base64, 'base64'));
}
