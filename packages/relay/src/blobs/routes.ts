import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Services } from '../context.ts';
import { RelayError } from '../errors.ts';
import { contextOf } from '../http/request-context.ts';
import { consume } from '../limits/rate-limit.ts';
import { findBlob } from '../store/blobs.ts';
import { dayOf } from '../store/retention.ts';
import { isBlobToken } from '../store/secrets.ts';
import type { BlobStore } from './blob-store.ts';
import type { BlobCall, BlobPatience, BlobRequest } from './call.ts';
import { giveBlob } from './download-route.ts';
import { takeUpload, tellUpload } from './upload-route.ts';

type Route = (request: BlobRequest, reply: FastifyReply, call: BlobCall) => Promise<FastifyReply>;

/** The routes over which the bytes of blobs come and go, streamed both ways, for who has a token for the one blob. */
export function serveBlobs(
  server: FastifyInstance,
  services: Services & { blobs: BlobStore },
  patience: BlobPatience,
): void {
  const withToken = (use: 'upload' | 'download', route: Route) => {
    return async (request: BlobRequest, reply: FastifyReply) =>
      route(request, reply, { ...(await requireToken(request, services, use)), patience });
  };
  void server.register(async (scope) => {
    // In this scope alone, and nothing else in it: anywhere else, a stream would get past the limit on bodies.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('application/offset+octet-stream', (_request, payload, done) =>
      done(null, payload),
    );
    scope.head('/blobs/:id', withToken('upload', tellUpload));
    scope.patch('/blobs/:id', { config: { hasOwnPace: true } }, withToken('upload', takeUpload));
    scope.get('/blobs/:id', { exposeHeadRoute: false }, withToken('download', giveBlob));
  });
}

/** One answer for a token that never was, ran out, or is for another blob or use; so for an id that is none. */
async function requireToken(
  request: BlobRequest,
  services: Services & { blobs: BlobStore },
  use: 'upload' | 'download',
): Promise<Omit<BlobCall, 'patience'>> {
  const ctx = { ...contextOf(services, request), blobs: services.blobs };
  consume(ctx, 'write');
  const { id } = request.params;
  const now = ctx.platform.now();
  const isGood = ctx.token !== undefined && (await isBlobToken(ctx.db, ctx.token, { blobId: id, use, now }));
  if (!isGood) throw new RelayError('NOT_AUTHORIZED');
  const blob = await findBlob(ctx.db, id, dayOf(now));
  if (blob === undefined) throw new RelayError('NOT_FOUND');
  return { ctx, blob };
}
