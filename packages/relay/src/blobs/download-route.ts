import { randomUUID } from 'node:crypto';
import { finished, Readable } from 'node:stream';
import type { RelayErrorCode } from '@quicprochat/protocol';
import type { FastifyReply } from 'fastify';
import { codeOfAny, RouteRefusal } from '../errors.ts';
import type { BlobCall, BlobRequest } from './call.ts';
import { readBlob } from './download.ts';
import { rangeOf } from './range.ts';

/** What is read ahead of who takes it, at the most, beside what the system holds for his connection. */
const AHEAD_BYTES = 64 * 1024;

/** GET: the whole blob, or the range of it that was asked for. */
export async function giveBlob(request: BlobRequest, reply: FastifyReply, { ctx, blob, patience }: BlobCall) {
  // Blobs have no version for If-Range to name, so what it names is not ours.
  const asked = request.headers['if-range'] === undefined ? request.headers.range : undefined;
  const range = rangeOf(asked, blob.size);
  if (range === 'beyond') {
    void reply.header('content-range', `bytes */${blob.size}`);
    throw new RouteRefusal(416, 'CURSOR_INVALID');
  }
  const { start, end } = range ?? { start: 0, end: blob.size };
  const bytes = watched(readBlob(ctx, blob.blob_id, { start, end }), reply, ctx);
  // However it ends, and were it before it began: nothing stays open.
  finished(reply.raw, () => void bytes.return(undefined));
  // Before there is anything of an answer: that the store cannot be read can still be said.
  const first = await bytes.next();
  if (range !== undefined)
    void reply.code(206).header('content-range', `bytes ${start}-${end - 1}/${blob.size}`);
  void reply.headers({
    'content-type': 'application/octet-stream',
    'content-length': end - start,
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  });
  reply.raw.setTimeout(patience.slowReaderMs, () => reply.raw.destroy());
  return reply.send(Readable.from(joined(first, bytes), { objectMode: false, highWaterMark: AHEAD_BYTES }));
}

async function* joined(
  first: IteratorResult<Uint8Array, void>,
  rest: AsyncGenerator<Uint8Array, void>,
): AsyncGenerator<Uint8Array> {
  if (first.done !== true) yield first.value;
  yield* rest;
}

/** Tells the operator's metrics how it ended, and his log of a fault that the caller can only be cut off for. */
async function* watched(
  bytes: AsyncIterable<Uint8Array>,
  reply: FastifyReply,
  { observe, report }: BlobCall['ctx'],
): AsyncGenerator<Uint8Array, void> {
  let given = 0;
  let outcome: 'OK' | 'cut' | RelayErrorCode = 'cut';
  try {
    for await (const chunk of bytes) {
      yield chunk;
      given += chunk.length;
    }
    outcome = 'OK';
  } catch (error) {
    outcome = codeOfAny(error);
    if (reply.raw.headersSent) report(randomUUID(), error);
    throw error;
  } finally {
    observe({ type: 'transfer', direction: 'download', outcome, bytes: given });
  }
}
