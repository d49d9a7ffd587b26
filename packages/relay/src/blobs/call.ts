import type { FastifyRequest } from 'fastify';
import type { Context } from '../context.ts';
import type { Blob } from '../store/blobs.ts';
import type { BlobStore } from './blob-store.ts';

export type BlobRequest = FastifyRequest<{ Params: { id: string } }>;

/** How long callers may let us wait: those who send for 64 KiB, those who read for a byte. */
export interface BlobPatience {
  slowUploadMs: number;
  slowReaderMs: number;
}

/** What a route gets to know: the relay, a blob that is not over, and nobody's name. */
export interface BlobCall {
  ctx: Context & { blobs: BlobStore };
  blob: Blob;
  patience: BlobPatience;
}
