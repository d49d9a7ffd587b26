import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from './context.ts';
import { RelayError } from './errors.ts';
import { subscriberOf } from './rate-limit.ts';

/** How much a relay takes on at once. What is over it is better told so at once than kept waiting. */
export interface Bounds {
  /** Calls that have begun and are not answered. One address can have half of them. Default: 2,000. */
  maxCalls?: number;
  /** One address can have half of them. Default: 25,000. */
  maxStreams?: number;
  /** Uploads of blobs, each of which holds a part or two in memory. One address can have half of them. Default: 64. */
  maxUploads?: number;
  /** How long a reader of a stream or a blob may take nothing, pings included. Default: a minute. */
  slowReaderMs?: number;
  /** How long a request may take to arrive, from its first byte to its last; an upload has its own pace. Default: a minute. */
  slowSenderMs?: number;
  /** How long 64 KiB of an upload may take to come. Default: half a minute. */
  slowUploadMs?: number;
}

/** When who was turned away should try again, at the earliest. Clients add jitter of their own. */
const RETRY_AFTER_MS = 1_000;

/** Lets requests in as long as there is room for them, and lets go of streams that nobody reads. */
export function guardEntrance(
  server: FastifyInstance,
  { closing, observe }: Pick<Services, 'closing' | 'observe'>,
  { maxCalls = 2_000, maxStreams = 25_000, maxUploads = 64, slowReaderMs = 60_000 }: Bounds,
): void {
  const [calls, streams, uploads] = [new Room(maxCalls), new Room(maxStreams), new Room(maxUploads)];

  const turnAway = (reply: FastifyReply, reason: 'calls' | 'streams' | 'uploads'): never => {
    observe({ type: 'refused', reason });
    void reply.header('retry-after', RETRY_AFTER_MS / 1_000);
    throw new RelayError('UNAVAILABLE', { retryAfterMs: RETRY_AFTER_MS });
  };
  const admitStream = (request: FastifyRequest, reply: FastifyReply) => {
    if (!streams.admit(request, reply)) turnAway(reply, 'streams');
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
    if (!calls.admit(request, reply)) turnAway(reply, 'calls');
    if (request.method === 'PATCH' && !uploads.admit(request, reply)) turnAway(reply, 'uploads');
  });
}

/** Room for so many at once, half of it for one address at the most. */
class Room {
  readonly #size: number;
  readonly #byCaller = new Map<string, number>();
  #taken = 0;

  constructor(size: number) {
    this.#size = size;
  }

  /** Takes a place until the answer is given; false where there is none. */
  admit(request: FastifyRequest, reply: FastifyReply): boolean {
    const caller = subscriberOf(request.ip);
    const ofCaller = this.#byCaller.get(caller) ?? 0;
    if (this.#taken >= this.#size || ofCaller >= Math.ceil(this.#size / 2)) return false;
    this.#taken += 1;
    this.#byCaller.set(caller, ofCaller + 1);
    reply.raw.once('close', () => {
      this.#taken -= 1;
      const left = (this.#byCaller.get(caller) ?? 1) - 1;
      if (left === 0) this.#byCaller.delete(caller);
      else this.#byCaller.set(caller, left);
    });
    return true;
  }
}
