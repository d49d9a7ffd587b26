import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import { LIMITS, RELAY_ERRORS, type RelayErrorCode } from '@quicprochat/protocol';
import { fastifyTRPCPlugin, type FastifyTRPCPluginOptions } from '@trpc/server/adapters/fastify';
import Fastify, { type FastifyInstance } from 'fastify';
import { contextOf, type Services } from './context.ts';
import { createLimiters } from './rate-limit.ts';
import { relayRouter, type RelayRouter } from './root.ts';
import { prune } from './store/secrets.ts';
import type { Db } from './store/sqlite.ts';
import type { Wake } from './wake/wake.ts';

/** How often expired challenges, sessions, nonces and tickets are deleted. */
const PRUNE_EVERY_MS = 60_000;

export interface RelayOptions {
  db: Db;
  wake: Wake;
  /** Web origins whose pages may call. */
  origins: readonly string[];
  /** Hosts that proofs may be made for; empty: the Host header of each request. */
  publicHosts?: readonly string[];
  /** Multiplies every rate limit. */
  rateFactor?: number;
  /** Takes a fault that callers are told nothing about but its id. */
  report?: (incident: string, error: unknown) => void;
  now?: () => number;
}

export interface Relay {
  /** Starts to serve. Rejects where the port is taken. */
  listen(address: { host: string; port: number }): Promise<string>;
  /** Ends streams, finishes calls, and closes the store. */
  close(): Promise<void>;
}

/** A relay over a store: it orders, keeps and forwards what it cannot read. */
export function createRelay(options: RelayOptions): Relay {
  const services: Services = {
    db: options.db,
    wake: options.wake,
    now: options.now ?? Date.now,
    publicHosts: options.publicHosts ?? [],
    limiters: createLimiters(options.rateFactor),
    report: options.report ?? (() => undefined),
  };
  const server = createServer(options, services);
  const pruning = setInterval(() => {
    prune(services.db, services.now()).catch((error: unknown) => services.report(randomUUID(), error));
  }, PRUNE_EVERY_MS);
  pruning.unref();

  return {
    listen: (address) => server.listen(address),
    close: async () => {
      clearInterval(pruning);
      await server.close();
      await options.db.destroy();
    },
  };
}

function createServer(options: RelayOptions, services: Services): FastifyInstance {
  const server = Fastify({
    bodyLimit: LIMITS.maxBodyBytes,
    // tRPC puts the names of a whole batch into one path parameter.
    routerOptions: { maxParamLength: 2_048 },
    // Streams are open-ended: a drain ends them rather than wait for them.
    forceCloseConnections: true,
    requestTimeout: 60_000,
  });
  server.setErrorHandler((error, _request, reply) => {
    const code = codeOfStatus((error as { statusCode?: number }).statusCode ?? 500);
    if (code === 'INTERNAL') services.report(randomUUID(), error);
    return reply.code(httpStatusOf(code)).send(envelope(code));
  });
  server.setNotFoundHandler((_request, reply) => reply.code(404).send(envelope('NO_SUCH_PROCEDURE')));
  void server.register(cors, { origin: [...options.origins], methods: ['GET', 'POST'], maxAge: 600 });
  void server.register(fastifyTRPCPlugin, {
    prefix: '/trpc',
    trpcOptions: {
      router: relayRouter,
      createContext: ({ req }) => contextOf(services, req),
      maxBatchSize: LIMITS.maxBatchCalls,
      allowMethodOverride: true,
    },
  } satisfies FastifyTRPCPluginOptions<RelayRouter>);
  return server;
}

/** The form of a tRPC error, for what fails before tRPC has the request. */
function envelope(code: RelayErrorCode) {
  return {
    error: { message: code, data: { qpc: { code, retryable: RELAY_ERRORS[code].retryable, details: {} } } },
  };
}

function codeOfStatus(status: number): RelayErrorCode {
  if (status === 413) return 'PAYLOAD_TOO_LARGE';
  if (status === 404 || status === 405) return 'NO_SUCH_PROCEDURE';
  return status < 500 ? 'BAD_INPUT' : 'INTERNAL';
}

function httpStatusOf(code: RelayErrorCode): number {
  const statuses: Partial<Record<RelayErrorCode, number>> = {
    PAYLOAD_TOO_LARGE: 413,
    NO_SUCH_PROCEDURE: 404,
    BAD_INPUT: 400,
  };
  return statuses[code] ?? 500;
}
