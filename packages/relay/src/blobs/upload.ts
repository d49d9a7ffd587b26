import { createHash, randomBytes } from 'node:crypto';
import { LIMITS } from '@quicprochat/protocol';
import { RelayError } from '../errors.ts';
import { appendPart, discardUpload, type Blob } from '../store/blobs.ts';
import { dayOf, expiryDay } from '../store/retention.ts';
import type { Db } from '../store/schema.ts';
import type { BlobStore } from './blob-store.ts';
import type { UploadBody } from './body.ts';
import { readBlob } from './download.ts';
import { Parts } from './parts.ts';

interface Keeper {
  db: Db;
  blobs: BlobStore;
  now: () => number;
}

/** An upload of a blob, from where the blob stands. Of one upload, a part or two are in memory. */
export class Upload {
  /** Where the blob stands, as far as we have brought it. */
  position: number;
  readonly #keeper: Keeper;
  readonly #blob: Blob;

  constructor(keeper: Keeper, blob: Blob) {
    this.#keeper = keeper;
    this.#blob = blob;
    this.position = blob.stored;
  }

  /**
   * Keeps what comes, part by part. Where the body breaks off, what came is kept if it is enough for a part, and then that
   * is thrown.
   *
   * @throws {RelayError} where another upload of this blob was ahead, or the bytes are more than were declared, or others
   */
  async receive(body: UploadBody): Promise<void> {
    const parts = new Parts();
    for await (const bytes of body) {
      if (this.position + parts.held + bytes.length > this.#blob.size)
        throw new RelayError('PAYLOAD_TOO_LARGE');
      parts.add(bytes);
      for (let part = parts.takeFull(); part !== undefined; part = parts.takeFull()) await this.#keep(part);
    }
    const isKept = await this.#keepRest(parts.takeRest());
    if (body.broken !== undefined) throw body.broken;
    if (!isKept) throw tooLittle();
  }

  /** Keeps what is no full part, if it is worth one of its own; false where it is not. */
  async #keepRest(rest: Uint8Array<ArrayBuffer>): Promise<boolean> {
    if (rest.length === 0) return true;
    const isLast = this.position + rest.length === this.#blob.size;
    if (rest.length < LIMITS.minPatchBytes && !isLast) return false;
    await this.#keep(rest);
    return true;
  }

  /** First the bytes are there, then it is said so: between the two, they are nobody's, and go with the blob. */
  async #keep(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    const { db, blobs, now } = this.#keeper;
    const { blob_id: blobId, size } = this.#blob;
    const { position } = this;
    const name = randomBytes(16).toString('hex');
    await blobs.put({ blobId, name }, bytes);
    if (position + bytes.length === size) await this.#requireDeclaredHash(bytes);
    const appended = await appendPart(
      db,
      { blob_id: blobId, position, size: bytes.length, name },
      { today: dayOf(now()), wholeUntil: expiryDay(now(), LIMITS.blobKeptMs) },
    );
    if (appended.outcome !== 'stored') await blobs.remove({ blobId, name });
    if (appended.outcome === 'gone') throw new RelayError('NOT_FOUND');
    if (appended.outcome === 'elsewhere')
      throw new RelayError('OFFSET_CONFLICT', { offset: appended.stored });
    this.position += bytes.length;
  }

  /** Over what the store has, and not over what came: an upload may have come in pieces, through several relays. */
  async #requireDeclaredHash(last: Uint8Array): Promise<void> {
    const { sha256, blob_id: id } = this.#blob;
    if (sha256 === null) return;
    const hash = createHash('sha256');
    for await (const bytes of readBlob(this.#keeper, id, { start: 0, end: this.position }))
      hash.update(bytes);
    if (hash.update(last).digest().equals(sha256)) return;
    await discardUpload(this.#keeper.db, id, dayOf(this.#keeper.now()));
    const issue = { path: 'sha256', message: 'the bytes have another hash: the upload is given up' };
    throw new RelayError('BAD_INPUT', { issues: [issue] });
  }
}

function tooLittle(): RelayError {
  const message = `a PATCH brings the rest of a blob, or ${LIMITS.minPatchBytes} bytes of it at least`;
  return new RelayError('BAD_INPUT', { issues: [{ path: 'body', message }] });
}
