import { partsBetween } from '../store/blobs.ts';
import type { Db } from '../store/schema.ts';
import type { BlobStore, ByteRange } from './blob-store.ts';

/**
 * The bytes of a blob from `start` up to and without `end`, part after part, no faster than they are taken.
 *
 * @throws {Error} where some of them are not there, rather than to go on behind the gap
 */
export async function* readBlob(
  { db, blobs }: { db: Db; blobs: BlobStore },
  id: string,
  { start, end }: ByteRange,
): AsyncGenerator<Uint8Array> {
  let at = start;
  for (const { position, size, name } of await partsBetween(db, id, start, end)) {
    const until = Math.min(position + size, end);
    for await (const bytes of blobs.read(
      { blobId: id, name },
      { start: at - position, end: until - position },
    )) {
      at += bytes.length;
      yield bytes;
    }
    if (at !== until) throw new Error('a part of a blob does not have the length that was stored');
  }
  if (at !== end) throw new Error('parts of a blob are missing');
}
