import { PROTOCOL_PARAMETER } from '@quicprochat/protocol';
import type { FastifyInstance } from 'fastify';
import { RelayError } from '../errors.ts';
import type { Observe } from '../observed.ts';

/**
 * Turns away requests that name another protocol than this relay's, before anything else of them is judged: they may mean
 * anything. Those that name none are served: whoever writes one by hand knows what to expect.
 */
export function requireProtocol(server: FastifyInstance, relayProtocol: number, observe: Observe): void {
  server.addHook<{ Querystring: Record<string, unknown> }>('onRequest', async ({ query }) => {
    const named = query[PROTOCOL_PARAMETER];
    if (named === undefined || named === String(relayProtocol)) return;
    observe({ type: 'refused', reason: 'protocol' });
    throw new RelayError('PROTOCOL_VERSION_MISMATCH', { relayProtocol });
  });
}
