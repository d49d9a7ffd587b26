import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { LIMITS } from '@quicprochat/protocol';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { RelayError } from '../errors.ts';
import { RETRY_AFTER_MS } from '../limits/entrance.ts';
import { areTooSmall, tooSmall } from '../limits/pieces.ts';
import { subscriberOf } from '../limits/rate-limit.ts';
import { Shares } from '../limits/shares.ts';
import type { Observe } from '../observed.ts';

/** How long a request that is answered before it is all there may go on. */
const LINGER_MS = 5_000;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route watches over its body by itself. */
    hasOwnPace?: boolean;
  }
}

/**
 * Requires that the body of a call keeps a pace: one that is sent a byte at a time does not hold a connection for ever, and one
 * that comes over a slow link is waited for. Node's own limit is on the whole of a request.
 */
export function limitBodies(
  server: FastifyInstance,
  slowSenderMs: number,
  giveUp: (reason: Error & { code?: string }, socket: Socket) => void,
): void {
  server.addHook('onRequest', async ({ raw, routeOptions }, reply) => {
    if (raw.complete) return;
    reply.raw.once('finish', () => letFinish(raw, Math.min(slowSenderMs, LINGER_MS)));
    if (routeOptions.config.hasOwnPace === true) return;
    const { socket } = raw;
    let readBefore = socket.bytesRead;
    const watching = setInterval(() => {
      const isSlow = socket.bytesRead - readBefore < LIMITS.leastBodyBytesPerMinute;
      if (isSlow && !raw.complete) giveUp(new TooSlow(), socket);
      readBefore = socket.bytesRead;
    }, slowSenderMs);
    reply.raw.once('close', () => clearInterval(watching));
  });
}

/** Lets what is still being sent run into nothing for a while: closed at once, the sender would see that and no answer. */
function letFinish(request: IncomingMessage, lingerMs: number): void {
  if (request.complete) return;
  request.resume();
  const impatient = setTimeout(() => request.destroy(), lingerMs);
  request.once('close', () => clearTimeout(impatient));
}

/** As Node calls it. */
class TooSlow extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}

/**
 * Takes bodies as text. Fastify's own way takes one in pieces of any size, and keeps each of them; and whoever leaves out
 * the last byte of many has them all kept, before anything is known of him.
 */
export function textReader(maxPartialBytes: number, observe: Observe) {
  const held = new Shares(maxPartialBytes);
  return (
    { headers, ip }: FastifyRequest,
    payload: IncomingMessage,
    done: (error: Error | null, text?: string) => void,
  ): void => {
    if (Number(headers['content-length'] ?? 0) > LIMITS.maxBodyBytes)
      return done(new RelayError('PAYLOAD_TOO_LARGE'));
    const caller = subscriberOf(ip);
    const pieces: Buffer[] = [];
    let bytes = 0;
    const onData = (piece: Buffer) => {
      if (!held.take(caller, piece.length)) {
        observe({ type: 'refused', reason: 'bytes' });
        return end(new RelayError('UNAVAILABLE', { retryAfterMs: RETRY_AFTER_MS }));
      }
      bytes += piece.length;
      pieces.push(piece);
      if (bytes > LIMITS.maxBodyBytes) end(new RelayError('PAYLOAD_TOO_LARGE'));
      else if (areTooSmall(pieces.length, bytes)) end(tooSmall());
    };
    const onEnd = () => end(null, Buffer.concat(pieces).toString());
    // The caller went away.
    const onError = (error: Error) => end(Object.assign(error, { statusCode: 400 }));
    const end = (error: Error | null, text?: string) => {
      payload.off('data', onData).off('end', onEnd).off('error', onError);
      held.give(caller, bytes);
      done(error, text);
    };
    payload.on('data', onData).on('end', onEnd).on('error', onError);
  };
}
