import { endOfPrefix, RING_PREFIX, type ScanRange, type StorageWrite, type StoredRow } from './storage.ts';

/** What storages share that keep the key ring apart from the other rows. */

/** Parts the writes of a commit into what comes before the other rows, those rows, and what is erased after them. */
export function apart(writes: readonly StorageWrite[]): {
  added: StoredRow[];
  others: StorageWrite[];
  erased: ReadonlySet<string>;
} {
  const added: StoredRow[] = [];
  const others: StorageWrite[] = [];
  const erased = new Set<string>();
  for (const write of writes) {
    const { key, value } = write;
    if (!isOfRing(key)) others.push(write);
    else if (value === undefined) erased.add(key);
    else added.push({ key, value });
  }
  return { added, others, erased };
}

export function isOfRing(key: string): boolean {
  return key.startsWith(RING_PREFIX);
}

/** Which of the two a range of keys may reach. */
export function reachOf({ prefix }: ScanRange): { ring: boolean; others: boolean } {
  const isInRing = isOfRing(prefix);
  return { ring: isInRing || RING_PREFIX.startsWith(prefix), others: !isInRing };
}

/** Returns the rows of a range among those of the ring and the others that it holds. */
export function together(
  range: ScanRange,
  { ring, others }: { ring: readonly StoredRow[]; others: StoredRow[] },
): StoredRow[] {
  const { prefix, after = '', before = endOfPrefix(prefix), limit = Infinity, reverse = false } = range;
  const ofRing = ring.filter(({ key }) => key.startsWith(prefix) && key > after && key < before);
  const all = [...others, ...ofRing.map(({ key, value }) => ({ key, value: value.slice() }))];
  return all.sort((a, b) => (a.key < b.key === reverse ? 1 : -1)).slice(0, limit);
}
