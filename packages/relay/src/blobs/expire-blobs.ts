import { forgetBlob, markRemoved, overBlobs, removedBlobs } from '../store/blobs.ts';
import { dayOf } from '../store/retention.ts';
import type { Db } from '../store/schema.ts';
import type { BlobStore } from './blob-store.ts';

/** Blobs that are deleted in one go: what else waits to be deleted waits no longer than that takes. */
const MOST_AT_ONCE = 100;

/**
 * Deletes some of the blobs whose day has come, whole ones and uploads that nobody finished, and gives how many. First the
 * bytes, then the mark that they are gone: a pass that dies between the two is repeated.
 *
 * A row stays for a day longer, and then the bytes are deleted once more. An upload that was running at the end of the
 * blob's day may have put a part there after the first time, and died before it could take it back; none runs for a day.
 */
export async function expireBlobs(
  db: Db,
  blobs: BlobStore,
  nowMs: number,
  ending?: AbortSignal,
): Promise<number> {
  const today = dayOf(nowMs);
  let removed = 0;
  let fault: Error | undefined;
  const each = async (ids: readonly string[], work: (id: string) => Promise<void>) => {
    for (const id of ids) {
      if (ending?.aborted === true) return;
      // One that cannot be deleted does not keep the others.
      await work(id).catch((error: unknown) => (fault ??= error as Error));
    }
  };
  await each(await overBlobs(db, today, MOST_AT_ONCE), async (id) => {
    await blobs.removeAll(id);
    if (await markRemoved(db, id)) removed += 1;
  });
  await each(await removedBlobs(db, today, MOST_AT_ONCE), async (id) => {
    await blobs.removeAll(id);
    await forgetBlob(db, id);
  });
  if (fault !== undefined) throw fault;
  return removed;
}
