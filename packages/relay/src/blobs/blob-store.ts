/** What a part of a blob is stored under. Both are 32 hex digits. */
export interface PartName {
  blobId: string;
  name: string;
}

/** Bytes of a part, from `start` up to and without `end`. */
export interface ByteRange {
  start: number;
  end: number;
}

/**
 * Keeps the bytes of blobs, in parts of a few mebibytes; which parts make up a blob, the relay's database knows. Each kind
 * of store brings its own, and one contract suite holds them all to this (`test/blobs/contract.test.ts`). Several relays may
 * use one store at once.
 *
 * Where a store is full, out of reach, or refuses, each of these rejects with a {@link BlobStoreFault}.
 */
export interface BlobStore {
  /** Keeps a part whole or not at all. Once it resolves, no sudden end of the process or the machine undoes it. */
  put(part: PartName, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** The bytes as they are read: no more than a chunk ahead of who takes them, and let go of when he stops. */
  read(part: PartName, range: ByteRange): AsyncIterable<Uint8Array>;
  /** Deletes a part. One that is not there is deleted already. */
  remove(part: PartName): Promise<void>;
  /** Deletes all parts of a blob, also those of an upload that ended in the middle of one. */
  removeAll(blobId: string): Promise<void>;
}

/** A store of blobs that cannot do what it is asked just now. Its own words stay in the cause: they name places. */
export class BlobStoreFault extends Error {
  /** What the system or the service calls it: `ENOSPC`, `HTTP 403 AccessDenied`. */
  readonly code: string | undefined;

  constructor(what: string, options: { cause?: unknown } = {}) {
    super(`The blob store ${what}.`, options);
    this.name = 'BlobStoreFault';
    this.code = codeIn(options.cause);
  }
}

/** That of an error, or of what it was caused by: fetch has its own around the system's. */
function codeIn(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error && typeof error.code === 'string' ? error.code : codeIn(error.cause);
}
