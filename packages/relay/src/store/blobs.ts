import { LIMITS } from '@quicprochat/protocol';
import type { Db, Schema } from './schema.ts';
import { transaction } from './transaction.ts';

/** What a relay knows of blobs. Their bytes are elsewhere: see blobs/blob-store.ts. */
export type Blob = Schema['blobs'];
export type BlobPart = Schema['blob_parts'];

export interface NewBlob {
  id: string;
  /** Of which of the group's branches. */
  logId: string;
  epoch: number;
  size: number;
  sha256: Uint8Array | undefined;
  today: number;
  /** The day on which it goes if it is not whole by then. */
  expiresOn: number;
}

/** Makes room for a blob in what its log may have. The same again finds the same, with what was stored since. */
export function createBlob(
  db: Db,
  blob: NewBlob,
): Promise<{ outcome: 'created'; stored: number } | { outcome: 'reused-id' } | { outcome: 'over-quota' }> {
  return transaction(db, async (tx) => {
    // Locked first: of many at once, each counts all that those before it have reserved.
    await tx
      .selectFrom('logs')
      .select('log_id')
      .where('log_id', '=', blob.logId)
      .forUpdate()
      .executeTakeFirst();
    const known = await tx.selectFrom('blobs').selectAll().where('blob_id', '=', blob.id).executeTakeFirst();
    if (known !== undefined) {
      return isSame(known, blob) && !isOver(known, blob.today)
        ? { outcome: 'created', stored: known.stored }
        : { outcome: 'reused-id' };
    }
    if (!(await hasRoom(tx, blob))) return { outcome: 'over-quota' };
    await tx
      .insertInto('blobs')
      .values({
        blob_id: blob.id,
        log_id: blob.logId,
        epoch: blob.epoch,
        size: blob.size,
        sha256: blob.sha256 === undefined ? null : Buffer.from(blob.sha256),
        stored: 0,
        state: 'uploading',
        expires_on: blob.expiresOn,
      })
      .execute();
    return { outcome: 'created', stored: 0 };
  });
}

function isSame(known: Blob, { logId, size, sha256 }: NewBlob): boolean {
  const sameHash = sha256 === undefined ? known.sha256 === null : known.sha256?.equals(sha256) === true;
  return known.log_id === logId && known.size === size && sameHash;
}

/** Each branch has room of its own: who was removed can begin one, and takes nothing from the others. */
async function hasRoom(tx: Db, { logId, size }: NewBlob): Promise<boolean> {
  // PostgreSQL's sum of whole numbers is a decimal, which comes as text.
  const { bytes, blobs } = await tx
    .selectFrom('blobs')
    .select(({ fn }) => [
      fn.sum<number | string | null>('size').as('bytes'),
      fn.countAll<number | string>().as('blobs'),
    ])
    .where('log_id', '=', logId)
    .where('state', '!=', 'removed')
    .executeTakeFirstOrThrow();
  return Number(bytes ?? 0) + size <= LIMITS.maxGroupBlobBytes && Number(blobs) < LIMITS.maxGroupBlobs;
}

/** A blob that is not over; whether it is whole is for the caller to look at. */
export async function findBlob(db: Db, id: string, today: number): Promise<Blob | undefined> {
  const blob = await db.selectFrom('blobs').selectAll().where('blob_id', '=', id).executeTakeFirst();
  return blob === undefined || isOver(blob, today) ? undefined : blob;
}

/** From its day on, whether or not the bytes are deleted yet. */
function isOver(blob: Blob, today: number): boolean {
  return blob.state === 'removed' || blob.expires_on <= today;
}

/** The parts with any of the bytes from `start` up to and without `end`, in order. */
export function partsBetween(db: Db, id: string, start: number, end: number): Promise<BlobPart[]> {
  return db
    .selectFrom('blob_parts')
    .selectAll()
    .where('blob_id', '=', id)
    .where('position', '<', end)
    .where((eb) => eb(eb('position', '+', eb.ref('size')), '>', start))
    .orderBy('position')
    .execute();
}

export function lastPart(db: Db, id: string): Promise<BlobPart | undefined> {
  return db
    .selectFrom('blob_parts')
    .selectAll()
    .where('blob_id', '=', id)
    .orderBy('position', 'desc')
    .limit(1)
    .executeTakeFirst();
}

/**
 * Adds a part whose bytes are stored, in the place of the last one where it `replaces` that, if the blob still ends where it
 * did for the uploader; here is decided which of two goes on. With the part that completes it, the blob is whole, and kept
 * until `wholeUntil`.
 */
export function appendPart(
  db: Db,
  part: BlobPart,
  { replaces, today, wholeUntil }: { replaces: BlobPart | undefined; today: number; wholeUntil: number },
): Promise<{ outcome: 'stored' } | { outcome: 'elsewhere'; stored: number } | { outcome: 'gone' }> {
  return transaction(db, async (tx) => {
    const blob = await tx
      .selectFrom('blobs')
      .selectAll()
      .where('blob_id', '=', part.blob_id)
      .forUpdate()
      .executeTakeFirst();
    if (blob === undefined || isOver(blob, today)) return { outcome: 'gone' };
    const expected = part.position + (replaces?.size ?? 0);
    if (blob.stored !== expected) return { outcome: 'elsewhere', stored: blob.stored };
    const stored = part.position + part.size;
    if (replaces !== undefined)
      await tx
        .deleteFrom('blob_parts')
        .where('blob_id', '=', part.blob_id)
        .where('position', '=', replaces.position)
        .execute();
    await tx.insertInto('blob_parts').values(part).execute();
    await tx
      .updateTable('blobs')
      .set({ stored, ...(stored === blob.size && { state: 'whole' as const, expires_on: wholeUntil }) })
      .where('blob_id', '=', part.blob_id)
      .execute();
    return { outcome: 'stored' };
  });
}

/** Gives up what was uploaded of a blob: it is over at once, and the next pass deletes it. */
export async function discardUpload(db: Db, id: string, today: number): Promise<void> {
  await db
    .updateTable('blobs')
    .set({ expires_on: today })
    .where('blob_id', '=', id)
    .where('state', '=', 'uploading')
    .execute();
}

/** Blobs that are over and whose bytes may still be there. */
export async function overBlobs(db: Db, today: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('blobs')
    .select('blob_id')
    .where('expires_on', '<=', today)
    .where('state', '!=', 'removed')
    .limit(limit)
    .execute();
  return rows.map(({ blob_id }) => blob_id);
}

/** Notes that a blob's bytes are deleted; false where somebody else has. */
export function markRemoved(db: Db, id: string): Promise<boolean> {
  return transaction(db, async (tx) => {
    const { numUpdatedRows } = await tx
      .updateTable('blobs')
      .set({ state: 'removed', sha256: null })
      .where('blob_id', '=', id)
      .where('state', '!=', 'removed')
      .executeTakeFirst();
    for (const table of ['blob_parts', 'blob_tokens'] as const)
      await tx.deleteFrom(table).where('blob_id', '=', id).execute();
    return numUpdatedRows === 1n;
  });
}

/** Blobs that were over before today, and are deleted: nobody can be writing any of their bytes any more. */
export async function removedBlobs(db: Db, today: number, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('blobs')
    .select('blob_id')
    .where('expires_on', '<', today)
    .where('state', '=', 'removed')
    .limit(limit)
    .execute();
  return rows.map(({ blob_id }) => blob_id);
}

export async function forgetBlob(db: Db, id: string): Promise<void> {
  await db.deleteFrom('blobs').where('blob_id', '=', id).where('state', '=', 'removed').execute();
}
