import { StorageConflict, type Storage, type StorageWrite } from '../../storage/storage.ts';
import { decodeRow, encodeRow } from '../../state/codec.ts';
import { HEADER_KEY } from '../../state/header.ts';
import { STORE_VERSION, type StoreRow } from '../../state/rows.ts';
import { from5to6 } from './5-to-6.ts';
import type { Step } from './step.ts';

/** One for each version since the first that this release can still open. */
const STEPS: readonly Step[] = [from5to6];

/** Rows that one commit changes. */
const MOST_ROWS = 500;

/**
 * Brings a store of an earlier version to this one. Each commit changes some rows and notes in the header how far that
 * was, so a client that is killed, or another tab, goes on from there. The first commit raises the version: from then on
 * clients of earlier versions leave the store alone.
 *
 * Leaves alone what it cannot change: an empty store, one of a later version, and one from before the first step.
 *
 * @throws {StorageError} STORE_CORRUPT, or as the storage does; what was changed until then stays
 */
export async function migrate(storage: Storage, { mostRows = MOST_ROWS } = {}): Promise<void> {
  for (;;) {
    const generation = await storage.generation();
    const writes = await nextWrites(storage, mostRows);
    if (writes === undefined) return;
    try {
      await storage.commit(writes, generation);
    } catch (error) {
      // Another tab is migrating it as well, and was quicker.
      if (!(error instanceof StorageConflict)) throw error;
    }
  }
}

/** Returns the next commit; undefined if there is nothing left to change. */
async function nextWrites(storage: Storage, mostRows: number): Promise<StorageWrite[] | undefined> {
  const stored = await storage.get(HEADER_KEY);
  if (stored === undefined) return undefined;
  const { version, migration } = decodeRow(HEADER_KEY, stored) as StoreRow;
  const from = migration?.from ?? version;
  const step = STEPS.find((one) => one.from === from);
  if (step === undefined || version > STORE_VERSION) return undefined;
  const after = migration?.after ?? '';
  const rows = await storage.scan({ prefix: step.prefix, after, limit: mostRows });
  const last = rows.length < mostRows ? undefined : rows.at(-1)?.key;
  const header: StoreRow = {
    version: step.from + 1,
    ...(last !== undefined && { migration: { from: step.from, after: last } }),
  };
  const changed = rows.map((row) => ({ key: row.key, value: step.change(row) }));
  return [...changed, { key: HEADER_KEY, value: encodeRow(header) }];
}
