import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from '../context.ts';
import { RelayError } from '../errors.ts';
import { subscriberOf } from './rate-limit.ts';
import { Shares } from './shares.ts';

/** How much a relay takes on at once. What is over it is better told so at once than kept waiting. */
export interface Bounds {
  /** Calls that have begun and are not answered. One address can have half of them. Default: 2,000. */
  maxCalls?: number;
  /** One address can have half of them. Default: 25,000. */
  maxStreams?: number;
  /** Uploads of blobs, each of which holds a part or two in memory. One address can have half of them. Default: 64. */
  maxUploads?: number;
  /** Bytes of calls that are not all there yet. One address can have half of them. Default: 256 MiB. */
  maxPartialBytes?: number;
  /** How long a reader of a stream or a blob may take nothing, pings included. Default: a minute. */
  slowReaderMs?: number;
  /** How long the head of a request, and each 64 KiB of a call’s body, may take to come. Default: a minute. */
  slowSenderMs?: number;
  /** How long 64 KiB of an upload may take to come. Default: half a minute. */
  slowUploadMs?: number;
}

/** When who was turned away should try again, at the earliest. Clients add jitter of their own. */
export const RETRY_AFTER_MS = 1_000;

/** Lets requests in as long as there is room for them, and lets go of streams that nobody reads. */
export function guardEntrance(
  server: FastifyInstance,
  { closing, observe }: Pick<Services, 'closing' | 'observe'>,
  { maxCalls = 2_000, maxStreams = 25_000, maxUploads = 64, slowReaderMs = 60_000 }: Bounds,
): void {
  const [calls, streams, uploads] = [new Shares(maxCalls), new Shares(maxStreams), new Shares(maxUploads)];

  const turnAway = (reply: FastifyReply, reason: 'calls' | 'streams' | 'uploads'): never => {
    observe({ type: 'refused', reason });
    void reply.header('retry-after', RETRY_AFTER_MS / 1_000);
    throw new RelayError('UNAVAILABLE', { retryAfterMs: RETRY_AFTER_MS });
  };
  const admitStream = (request: FastifyRequest, reply: FastifyReply) => {
    if (!admit(streams, request, reply)) turnAway(reply, 'streams');
    // The socket's own clock: it stands while not a byte goes through, and each ping that is taken winds it up again.
    reply.raw.setTimeout(slowReaderMs, () => {
      observe({ type: 'dropped' });
      reply.raw.destroy();
    });
  };

  server.addHook<{ Params: { path?: string } }>('onRequest', async (request, reply) => {
    if (closing.aborted) {
      observe({ type: 'refused', reason: 'closing' });
      throw new RelayError('UNAVAILABLE');
    }
    if (request.params.path === 'streams.events') return admitStream(request, reply);
    if (!admit(calls, request, reply)) turnAway(reply, 'calls');
    if (request.method === 'PATCH' && !admit(uploads, request, reply)) turnAway(reply, 'uploads');
  });
}

/** Takes a place until the answer is given; false where there is none. */
function admit(places: Shares, request: FastifyRequest, reply: FastifyReply): boolean {
  const caller = subscriberOf(request.ip);
  if (!places.take(caller)) return false;
  reply.raw.once('close', () => places.give(caller));
  return true;
}
