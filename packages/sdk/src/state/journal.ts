import type { Storage, StorageWrite, StoredRow } from '../storage/storage.ts';
import { decodeRow, encodeRow } from './codec.ts';
import { MESSAGE_PREFIX, pad } from './rows.ts';

/** How many generations back the journal reaches. A tab that missed more loads everything anew. */
const KEPT = 500;

const PREFIX = 'journal/';

/** What a commit notes beside its rows. */
interface Note {
  /** Random, so that a client knows its own commit again. */
  mark: string;
  /** The rows that it changes. */
  keys: string[];
}

/** Returns what a commit writes beside its rows: its note, and the end of the oldest one. */
export function journalWrites(
  generation: number,
  { mark, keys }: { mark: string; keys: Iterable<string> },
): StorageWrite[] {
  const note: Note = { mark, keys: [...new Set([...keys].map(shortened))] };
  const write = { key: keyOf(generation), value: encodeRow(note) };
  if (generation <= KEPT) return [write];
  return [write, { key: keyOf(generation - KEPT), value: undefined }];
}

/** Whether the commit that made this generation is the one with this mark. */
export async function isCommitted(storage: Storage, generation: number, mark: string): Promise<boolean> {
  const key = keyOf(generation);
  const value = await storage.get(key);
  return value !== undefined && noteOf({ key, value }).mark === mark;
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
  return [...new Set(notes.flatMap((note) => noteOf(note).keys))];
}

/** Messages are read from the storage when they are shown: others need to know of the conversation alone. */
function shortened(key: string): string {
  return key.startsWith(MESSAGE_PREFIX) ? key.slice(0, key.lastIndexOf('/')) : key;
}

function noteOf({ key, value }: StoredRow): Note {
  return decodeRow(key, value) as Note;
}

function keyOf(generation: number): string {
  return PREFIX + pad(generation);
}
