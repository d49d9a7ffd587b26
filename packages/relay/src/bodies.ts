import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route watches over its body by itself. */
    hasOwnPace?: boolean;
  }
}

/**
 * Gives the body of a call so long to come, from its first byte to its last: one that is sent a byte at a time does not hold
 * a connection for ever. Node's own limit knows no routes, and uploads last longer.
 */
export function limitBodies(
  server: FastifyInstance,
  slowSenderMs: number,
  giveUp: (reason: Error & { code?: string }, socket: Socket) => void,
): void {
  server.addHook('onRequest', async ({ raw, routeOptions }, reply) => {
    if (raw.complete || routeOptions.config.hasOwnPace === true) return;
    const impatient = setTimeout(() => {
      if (!raw.complete) giveUp(new TooSlow(), raw.socket);
    }, slowSenderMs);
    reply.raw.once('close', () => clearTimeout(impatient));
  });
}

/** As Node calls it. */
class TooSlow extends Error {
  readonly code = 'ERR_HTTP_REQUEST_TIMEOUT';
}
