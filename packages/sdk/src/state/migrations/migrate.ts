import type { Random } from '../../platform/platform.ts';
import { StorageConflict, type Storage, type StorageWrite } from '../../storage/storage.ts';
import { encodeRow } from '../../state/codec.ts';
import { HEADER_KEY, readHeader } from '../../state/header.ts';
import { STORE_VERSION, type StoreRow } from '../../state/rows.ts';
import { from5to6 } from './5-to-6.ts';
import { from6to7 } from './6-to-7.ts';
import type { Step } from './step.ts';

/** One for each version since the first that this release can still open. */
const STEPS: readonly Step[] = [from5to6, from6to7];

/** Rows that one commit changes. */
const MOST_ROWS = 500;

/** Behind all keys: every row was changed, and the step has yet to end. */
const ALL = '\uffff';

/**
 * Brings a store of an earlier version to this one. Each commit changes some rows and notes in the header how far that
 * was, so a client that is killed, or another tab, goes on from there. The first commit raises the version: from then on
 * clients of earlier versions leave the store alone.
 *
 * Leaves alone what it cannot change: an empty store, one of a later version, and one from before the first step.
 *
 * @throws {StorageError} STORE_CORRUPT, STORE_KEY_MISSING, STORE_KEY_WRONG, or as the storage does; what was changed until
 *   then stays
 */
export async function migrate(
  storage: Storage,
  random: Random,
  { mostRows = MOST_ROWS } = {},
): Promise<void> {
  for (;;) {
    const generation = await storage.generation();
    const writes = await nextWrites(storage, { random, mostRows, generation: generation + 1 });
    if (writes === undefined) return;
    try {
      await storage.commit(writes, generation);
    } catch (error) {
      // Another tab is migrating it as well, and was quicker.
      if (!(error instanceof StorageConflict)) throw error;
    }
  }
}

/** Whether a store with this header is of an earlier version that this release can open. */
export function awaitsMigration({ version, migration }: StoreRow): boolean {
  return version < STORE_VERSION && STEPS.some(({ from }) => from === (migration?.from ?? version));
}

/** Returns the next commit; undefined if there is nothing left to change. */
async function nextWrites(
  storage: Storage,
  { random, mostRows, generation }: { random: Random; mostRows: number; generation: number },
): Promise<StorageWrite[] | undefined> {
  const stored = await storage.get(HEADER_KEY);
  if (stored === undefined) return undefined;
  const header = readHeader(stored);
  const from = header.migration?.from ?? header.version;
  const step = STEPS.find((one) => one.from === from);
  if (step === undefined || header.version > STORE_VERSION) return undefined;

  const after = header.migration?.after ?? '';
  const { fields, change, prove } = await step.begin({ storage, header, random });
  const rows = await storage.scan({ prefix: step.prefix, after, limit: mostRows });
  const next: StoreRow = { version: from + 1, ...fields };
  const upTo = (key: string) => ({ from, after: key, ...(prove && { proof: prove(key) }) });
  if (rows.length === mostRows) next.migration = upTo(rows.at(-1)?.key ?? ALL);
  else if (after === ALL) await step.end?.(storage);
  else if (step.end !== undefined) next.migration = upTo(ALL);
  const changes = rows.flatMap((row) => change(row, generation));
  return [...changes, { key: HEADER_KEY, value: encodeRow(next) }];
}
