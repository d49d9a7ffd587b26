import type { Storage, StorageWrite } from '../storage/storage.ts';
import { decodeRow, encodeRow } from './codec.ts';
import { MESSAGE_PREFIX, pad } from './rows.ts';

/** How many generations back the journal reaches. A tab that missed more loads everything anew. */
const KEPT = 500;

const PREFIX = 'journal/';

/** Returns what a commit writes beside its rows: which rows it changes, and the end of the oldest such note. */
export function journalWrites(generation: number, keys: Iterable<string>): StorageWrite[] {
  const noted = [...new Set([...keys].map(shortened))];
  const note = { key: keyOf(generation), value: encodeRow(noted) };
  if (generation <= KEPT) return [note];
  return [note, { key: keyOf(generation - KEPT), value: undefined }];
}

/**
 * Returns the keys of all rows that were changed after one generation, up to another; of messages only
 * `message/<conversation>`. Undefined if the journal does not reach back so far.
 */
export async function changedSince(
  storage: Storage,
  { since, until }: { since: number; until: number },
): Promise<string[] | undefined> {
  if (until - since > KEPT) return undefined;
  const range = { prefix: PREFIX, after: keyOf(since), before: keyOf(until + 1) };
  const notes = await storage.scan(range);
  if (notes.length !== until - since) return undefined;
  return [...new Set(notes.flatMap(({ key, value }) => decodeRow(key, value) as string[]))];
}

/** Messages are read from the storage when they are shown: others need to know of the conversation alone. */
function shortened(key: string): string {
  return key.startsWith(MESSAGE_PREFIX) ? key.slice(0, key.lastIndexOf('/')) : key;
}

function keyOf(generation: number): string {
  return PREFIX + pad(generation);
}
