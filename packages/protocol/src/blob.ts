import { z } from 'zod';
import { accessProofSchema } from './access-proof.ts';
import { bytes } from './bytes.ts';
import { blobIdSchema, epochSchema, groupIdSchema } from './ids.ts';
import { LIMITS } from './limits.ts';
import type { TranscriptField } from './transcript.ts';

/**
 * A blob is an attachment as the relay has it: ciphertext of a declared size. A call that proves membership gives a token,
 * and the token, in the Authorization header, opens a plain route over that one blob: `/blobs/:id`. HEAD and PATCH speak
 * tus 1.0 (tus.io, the core protocol) to whoever uploads, GET gives the blob or a range of it.
 */

/** The route of a blob. */
export function blobPath(id: string): string {
  return `/blobs/${id}`;
}

/**
 * `blobs.create`: room for a blob of so many bytes, by the key of the epoch that goes on. The same again gives another
 * token. Proof body: {@link createBlobProofBody}.
 */
export const createBlobInputSchema = z.strictObject({
  groupId: groupIdSchema,
  epoch: epochSchema,
  /** Chosen by the caller, at random. */
  id: blobIdSchema,
  size: z.int().min(1).max(LIMITS.maxBlobBytes),
  /** Where it is there, a blob with another SHA-256 never becomes whole. */
  sha256: bytes(32).optional(),
  proof: accessProofSchema,
});

/** What the proof of `blobs.create` is over. */
export function createBlobProofBody({
  id,
  size,
  sha256,
}: {
  id: string;
  size: number;
  sha256?: Uint8Array | undefined;
}): TranscriptField[] {
  return [id, size, sha256 ?? new Uint8Array(0)];
}

/** The answer to `blobs.create`. */
export interface CreatedBlob {
  /** Good for HEAD and PATCH. */
  token: string;
  expiresAtMs: number;
  /** How much of the blob the relay has: where an upload goes on. */
  offset: number;
}

/**
 * `blobs.open`: a whole blob, by the key of the epoch under which it was created or of any later one. Proof body: id.
 */
export const openBlobInputSchema = z.strictObject({
  groupId: groupIdSchema,
  epoch: epochSchema,
  id: blobIdSchema,
  proof: accessProofSchema,
});

/** The answer to `blobs.open`. */
export interface OpenedBlob {
  /** Good for GET, any number of times. */
  token: string;
  expiresAtMs: number;
  size: number;
}
