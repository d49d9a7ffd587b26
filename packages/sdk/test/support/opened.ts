import { platform } from '#platform';
import { MESSAGE_PREFIX, TABLES } from '../../src/state/rows.ts';
import { passesAsItIs, SealedStorage } from '../../src/state/sealed-storage.ts';
import type { Storage, StoredRow } from '../../src/storage/storage.ts';

const SEALED = [...TABLES.map((name) => `${name}/`), 'core/own/', MESSAGE_PREFIX, 'journal/'];

/** All rows of a store as the SDK reads them, but for the header. The core's records of groups are as they are stored. */
export async function openedRows(storage: Storage): Promise<StoredRow[]> {
  const sealed = new SealedStorage(storage, platform.random);
  const rows = await Promise.all(SEALED.map((prefix) => sealed.scan({ prefix })));
  const others = (await storage.scan({ prefix: '' })).filter(({ key }) => passesAsItIs(key));
  return [...rows.flat(), ...others].filter(({ key }) => !key.startsWith('store/'));
}
