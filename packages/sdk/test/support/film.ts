import { memoryStorage } from '../../src/storage/memory.ts';
import { RING_PREFIX, type Storage, type StoredRow } from '../../src/storage/storage.ts';

interface Frame {
  generation: number;
  rows: StoredRow[];
}

/** A storage that remembers what it was after each commit. */
export interface Film {
  storage: Storage;
  /** The last generation. */
  length: () => number;
  /** A storage as it was in a generation, as a restored disk is: whole, and with the same key. */
  putBackTo: (generation: number) => Promise<Storage>;
  /** The same, but for the key ring, which is that of now: whoever put the rows back could not put it back. */
  putBackUnderRingOfNow: (generation: number) => Promise<Storage>;
}

const isOfRing = ({ key }: StoredRow) => key.startsWith(RING_PREFIX);

export async function film(inner: Storage = memoryStorage()): Promise<Film> {
  const frames = new Map<number, Frame>();
  const take = async (generation: number) => {
    frames.set(generation, { generation, rows: await inner.scan({ prefix: '' }) });
    return generation;
  };
  let last = await take(await inner.generation());
  return {
    storage: {
      ...inner,
      commit: async (writes, expected) => (last = await take(await inner.commit(writes, expected))),
      close: async () => undefined,
    },
    length: () => last,
    putBackTo: async (generation) => startingAt(frames.get(generation) as Frame, await inner.storeKey()),
    putBackUnderRingOfNow: async (generation) => {
      const then = frames.get(generation) as Frame;
      const ring = frames.get(last)?.rows.filter(isOfRing) ?? [];
      const rows = [...then.rows.filter((row) => !isOfRing(row)), ...ring];
      return startingAt({ generation, rows }, await inner.storeKey());
    },
  };
}

async function startingAt({ generation, rows }: Frame, key: Uint8Array | undefined): Promise<Storage> {
  const inner = memoryStorage();
  // One commit brings the rows in.
  const offset = generation - (await inner.commit(rows, 0));
  await inner.storeKey(key);
  return {
    ...inner,
    generation: async () => (await inner.generation()) + offset,
    commit: async (writes, expected) => (await inner.commit(writes, expected - offset)) + offset,
  };
}
