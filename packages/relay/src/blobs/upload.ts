import { createHash, randomBytes } from 'node:crypto';
import { LIMITS } from '@quicprochat/protocol';
import { RelayError } from '../errors.ts';
import type { RelayPlatform } from '../platform.ts';
import { appendPart, discardUpload, lastPart, type Blob, type BlobPart } from '../store/blobs.ts';
import { dayOf, expiryDay } from '../store/retention.ts';
import type { Db } from '../store/schema.ts';
import type { BlobStore } from './blob-store.ts';
import type { UploadBody } from './body.ts';
import { readBlob } from './download.ts';
import { Parts } from './parts.ts';

interface Keeper {
  db: Db;
  blobs: BlobStore;
  platform: RelayPlatform;
}

/** Smaller parts do not stay: what comes next is put together with the last one. */
const LEAST_PART_BYTES = 64 * 1024;

/**
 * An upload of a blob, from where the blob stands. Of one upload, a part or two are in memory. However often uploads break
 * off, and however little each of them brings: all parts of a blob but the last have {@link LEAST_PART_BYTES} or more.
 */
export class Upload {
  /** How much of the blob there is, as far as we have brought it. */
  stored: number;
  readonly #keeper: Keeper;
  readonly #blob: Blob;
  /** The last part, where it is too small to stay. */
  #replaces: BlobPart | undefined;

  constructor(keeper: Keeper, blob: Blob) {
    this.#keeper = keeper;
    this.#blob = blob;
    this.stored = blob.stored;
  }

  /**
   * Keeps what comes, part by part. Where the body breaks off, what came is kept all the same, and then that is thrown.
   *
   * @throws {RelayError} where another upload of this blob was ahead, or the bytes are more than were declared, or others
   */
  async receive(body: UploadBody): Promise<void> {
    const parts = new Parts();
    for await (const bytes of body) {
      if (parts.held === 0) await this.#takeUpSmallPart(parts);
      parts.add(bytes);
      if (this.#nextPosition + parts.held > this.#blob.size) throw new RelayError('PAYLOAD_TOO_LARGE');
      for (let part = parts.takeFull(); part !== undefined; part = parts.takeFull()) await this.#keep(part);
    }
    if (parts.held > 0) await this.#keep(parts.takeRest());
    if (body.broken !== undefined) throw body.broken;
  }

  get #nextPosition(): number {
    return this.#replaces?.position ?? this.stored;
  }

  /** Begins the next part with the bytes of the last one, if that is too small. */
  async #takeUpSmallPart(parts: Parts): Promise<void> {
    const { db, blobs } = this.#keeper;
    const last = await lastPart(db, this.#blob.blob_id);
    if (last === undefined || last.size >= LEAST_PART_BYTES) return;
    if (endOf(last) !== this.stored) throw elsewhere(endOf(last));
    const name = { blobId: last.blob_id, name: last.name };
    try {
      for await (const bytes of blobs.read(name, { start: 0, end: last.size })) parts.add(bytes);
    } catch (error) {
      // Another upload may just have taken it up.
      const now = await lastPart(db, this.#blob.blob_id);
      throw now === undefined || now.name === last.name ? error : elsewhere(endOf(now));
    }
    this.#replaces = last;
  }

  /** First the bytes are there, then it is said so: between the two, they are nobody's, and go with the blob. */
  async #keep(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { db, blobs, platform } = this.#keeper;
    const { blob_id: blobId, size } = this.#blob;
    const position = this.#nextPosition;
    const replaces = this.#replaces;
    const name = randomBytes(16).toString('hex');
    await blobs.put({ blobId, name }, bytes);
    if (position + bytes.length === size) await this.#requireDeclaredHash(position, bytes);
    const now = platform.now();
    const appended = await appendPart(
      db,
      { blob_id: blobId, position, size: bytes.length, name },
      { replaces, today: dayOf(now), wholeUntil: expiryDay(now, LIMITS.blobKeptMs) },
    );
    if (appended.outcome !== 'stored') await blobs.remove({ blobId, name });
    if (appended.outcome === 'gone') throw new RelayError('NOT_FOUND');
    if (appended.outcome === 'elsewhere') throw elsewhere(appended.stored);
    this.stored = position + bytes.length;
    this.#replaces = undefined;
    if (replaces !== undefined) await blobs.remove({ blobId, name: replaces.name });
  }

  /** Over what the store has, and not over what came: an upload may have come in pieces, through several relays. */
  async #requireDeclaredHash(position: number, last: Uint8Array): Promise<void> {
    const { sha256, blob_id: id } = this.#blob;
    if (sha256 === null) return;
    const hash = createHash('sha256');
    for await (const bytes of readBlob(this.#keeper, id, { start: 0, end: position })) hash.update(bytes);
    if (hash.update(last).digest().equals(sha256)) return;
    await discardUpload(this.#keeper.db, id, dayOf(this.#keeper.platform.now()));
    const issue = { path: 'sha256', message: 'the bytes have another hash; the upload was discarded' };
    throw new RelayError('BAD_INPUT', { issues: [issue] });
  }
}

function endOf({ position, size }: BlobPart): number {
  return position + size;
}

function elsewhere(offset: number): RelayError {
  return new RelayError('OFFSET_CONFLICT', { offset });
}
