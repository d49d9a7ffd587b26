import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Services } from './context.ts';
import { RelayError } from './errors.ts';
import { subscriberOf } from './rate-limit.ts';

/** How much a relay takes on at once. What is over it is better told so at once than kept waiting. */
export interface Bounds {
  /** Calls that have begun and are not answered. One address can have half of them. Default: 2,000. */
  maxCalls?: number;
  /** Default: 25,000. */
  maxStreams?: number;
  /** How long a stream's reader may take nothing, pings included. Default: a minute. */
  slowReaderMs?: number;
  /** How long a request may take to arrive, from its first byte to its last. Default: a minute. */
  slowSenderMs?: number;
}

/** When who was turned away should try again, at the earliest. Clients add jitter of their own. */
const RETRY_AFTER_MS = 1_000;

/** Lets requests in as long as there is room for them, and lets go of streams that nobody reads. */
export function guardEntrance(
  server: FastifyInstance,
  { closing, observe }: Pick<Services, 'closing' | 'observe'>,
  { maxCalls = 2_000, maxStreams = 25_000, slowReaderMs = 60_000 }: Bounds,
): void {
  const open = { calls: 0, streams: 0 };
  const callsOf = new Map<string, number>();

  const turnAway = (reply: FastifyReply, reason: 'calls' | 'streams'): never => {
    observe({ type: 'refused', reason });
    void reply.header('retry-after', RETRY_AFTER_MS / 1_000);
    throw new RelayError('UNAVAILABLE', { retryAfterMs: RETRY_AFTER_MS });
  };
  const admitStream = (reply: FastifyReply) => {
    if (open.streams >= maxStreams) turnAway(reply, 'streams');
    open.streams += 1;
    reply.raw.once('close', () => (open.streams -= 1));
    // The socket's own clock: it stands while not a byte goes through, and each ping that is taken winds it up again.
    reply.raw.setTimeout(slowReaderMs, () => {
      observe({ type: 'dropped' });
      reply.raw.destroy();
    });
  };
  const admitCall = (request: FastifyRequest, reply: FastifyReply) => {
    const caller = subscriberOf(request.ip);
    const ofCaller = callsOf.get(caller) ?? 0;
    if (open.calls >= maxCalls || ofCaller >= Math.ceil(maxCalls / 2)) turnAway(reply, 'calls');
    open.calls += 1;
    callsOf.set(caller, ofCaller + 1);
    reply.raw.once('close', () => {
      open.calls -= 1;
      const left = (callsOf.get(caller) ?? 1) - 1;
      if (left === 0) callsOf.delete(caller);
      else callsOf.set(caller, left);
    });
  };

  server.addHook<{ Params: { path?: string } }>('onRequest', async (request, reply) => {
    if (closing.aborted) {
      observe({ type: 'refused', reason: 'closing' });
      throw new RelayError('UNAVAILABLE');
    }
    if (request.params.path === 'streams.events') admitStream(reply);
    else admitCall(request, reply);
  });
}
