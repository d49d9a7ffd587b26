import type { RelayErrorCode } from '@quicprochat/protocol';
import type { FastifyReply } from 'fastify';
import { codeOfAny, RelayError, RouteRefusal } from '../errors.ts';
import type { Blob } from '../store/blobs.ts';
import { CallerLeft, UploadBody } from './body.ts';
import type { BlobCall, BlobRequest } from './call.ts';
import { Upload } from './upload.ts';

/** The version of tus that is spoken, as each of its messages says (tus.io, resumable upload protocol 1.0, core). */
const VERSION = '1.0.0';

/** HEAD: where an upload stands. */
export async function tellUpload(request: BlobRequest, reply: FastifyReply, { blob }: BlobCall) {
  speakTus(request, reply);
  return reply
    .headers({ 'upload-offset': blob.stored, 'upload-length': blob.size, 'cache-control': 'no-store' })
    .send();
}

/** PATCH: bytes from where an upload stands. */
export async function takeUpload(
  request: BlobRequest,
  reply: FastifyReply,
  { ctx, blob, patience }: BlobCall,
) {
  speakTus(request, reply);
  requireFitting(request, blob);
  const body = new UploadBody(request.raw, {
    slowUploadMs: patience.slowUploadMs,
    ending: AbortSignal.any([ctx.closing, AbortSignal.timeout(ctx.streamLifetimeMs)]),
  });
  const upload = new Upload(ctx, blob);
  let outcome: 'OK' | 'cut' | RelayErrorCode = 'OK';
  try {
    await upload.receive(body);
  } catch (error) {
    outcome = error === body.broken ? 'cut' : codeOfAny(error);
    if (!(error instanceof CallerLeft)) throw error;
  } finally {
    const bytes = upload.stored - blob.stored;
    ctx.observe({ type: 'transfer', direction: 'upload', outcome, bytes });
  }
  // Else nobody is there to be answered.
  return outcome === 'OK' ? reply.code(204).header('upload-offset', upload.stored).send() : reply.hijack();
}

function speakTus(request: BlobRequest, reply: FastifyReply): void {
  void reply.headers({ 'tus-resumable': VERSION, 'tus-version': VERSION });
  if (request.headers['tus-resumable'] !== VERSION)
    throw new RouteRefusal(412, 'BAD_INPUT', {
      issues: [{ path: 'tus-resumable', message: `not ${VERSION}` }],
    });
}

/** What can be told before a byte of the body is read. */
function requireFitting(request: BlobRequest, blob: Blob): void {
  const offset = numberIn(request, 'upload-offset');
  if (offset === undefined) throw malformed('upload-offset', 'missing');
  if (offset !== blob.stored) throw new RelayError('OFFSET_CONFLICT', { offset: blob.stored });
  const declared = numberIn(request, 'upload-length');
  if (declared !== undefined && declared !== blob.size)
    throw malformed('upload-length', 'must be the size that the blob was created with');
  const length = numberIn(request, 'content-length') ?? 0;
  if (offset + length > blob.size) throw new RelayError('PAYLOAD_TOO_LARGE');
}

function numberIn(request: BlobRequest, name: string): number | undefined {
  const text = request.headers[name];
  if (text === undefined) return undefined;
  if (typeof text !== 'string' || !/^\d{1,15}$/.test(text)) throw malformed(name, 'must be an integer');
  return Number(text);
}

function malformed(path: string, message: string): RelayError {
  return new RelayError('BAD_INPUT', { issues: [{ path, message }] });
}
