import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import { LIMITS, RELAY_ERRORS, type RelayErrorDetails, type RelayErrorCode } from '@quicprochat/protocol';
import { fastifyRequestHandler } from '@trpc/server/adapters/fastify';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { contextOf, type Services } from './context.ts';
import { limitBodies } from './bodies.ts';
import { serveBlobs } from './blobs/routes.ts';
import { guardEntrance, type Bounds } from './entrance.ts';
import { codeOfAny, detailsOf, RelayError, RouteRefusal } from './errors.ts';
import { relayRouter } from './root.ts';

/** Whom the server believes, whom it serves, and how many at once. */
export interface ServerOptions {
  origins: readonly string[];
  trustedProxies?: readonly string[];
  bounds?: Bounds;
}

/** The HTTP server: tRPC under /trpc, the bytes of blobs under /blobs, and nothing else. Whatever is not a result is a typed error as JSON. */
export function createServer(
  services: Services,
  { origins, trustedProxies = [], bounds = {} }: ServerOptions,
): FastifyInstance {
  const server = Fastify({
    // Which address a caller has: else anyone could choose the one that rate limits count.
    trustProxy: [...trustedProxies],
    bodyLimit: LIMITS.maxBodyBytes,
    // tRPC puts the names of a whole batch into one path parameter.
    routerOptions: { maxParamLength: 2_048 },
    // What comes while we shut down gets our own refusal, below.
    return503OnClosing: false,
    clientErrorHandler: answerNoHttp,
    frameworkErrors: (_error, _request, reply) => {
      void (reply as FastifyReply).status(400).send(envelope('BAD_INPUT'));
    },
  });
  void server.register(cors, {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PATCH'],
    // tus' and those of ranges: of others, pages elsewhere can read none but the simplest.
    exposedHeaders: ['tus-resumable', 'upload-offset', 'upload-length', 'content-range'],
    maxAge: 600,
  });
  guardEntrance(server, services, bounds);
  limitBodies(server, bounds.slowCallMs ?? 60_000, answerNoHttp);
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { status, code, details } = answerTo(error, services);
    return reply.status(status).send(envelope(code, details));
  });
  server.setNotFoundHandler((_request, reply) => reply.status(404).send(envelope('NO_SUCH_PROCEDURE')));
  takeJsonAlone(server);
  serveProcedures(server, services);
  const { blobs } = services;
  const { slowUploadMs = 30_000, slowReaderMs = 60_000 } = bounds;
  if (blobs !== undefined) serveBlobs(server, { ...services, blobs }, { slowUploadMs, slowReaderMs });
  return server;
}

/** Forms and byte streams would reach tRPC past the body limit, and no procedure takes them. */
function takeJsonAlone(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  );
}

function serveProcedures(server: FastifyInstance, services: Services): void {
  server.all<{ Params: { path: string } }>('/trpc/:path', (request, reply) =>
    fastifyRequestHandler({
      router: relayRouter,
      req: request,
      res: reply,
      path: request.params.path,
      createContext: () => contextOf(services, request),
      maxBatchSize: LIMITS.maxBatchCalls,
      allowMethodOverride: true,
    }),
  );
}

/** What a request is told that never got as far as tRPC. */
function answerTo(error: FastifyError, { report }: Services) {
  const status = error.statusCode ?? 500;
  if (error instanceof RelayError) {
    const own = error instanceof RouteRefusal ? error.status : getHTTPStatusCodeFromError(error);
    return { status: own, code: error.qpc, details: detailsOf(error) };
  }
  if (status === 413) return { status, code: 'PAYLOAD_TOO_LARGE', details: {} } as const;
  if (status >= 400 && status < 500) return { status, code: 'BAD_INPUT', details: {} } as const;
  const incident = randomUUID();
  report(incident, error);
  const code = codeOfAny(error);
  return { status: code === 'UNAVAILABLE' ? 503 : 500, code, details: { incident } };
}

/** The form of a tRPC error, for what fails before tRPC has the request. */
function envelope(code: RelayErrorCode, details: RelayErrorDetails = {}) {
  const { trpc, retryable } = RELAY_ERRORS[code];
  const data = { qpc: { code, retryable, details } };
  return { error: { message: code, code: TRPC_ERROR_CODES_BY_KEY[trpc], data } };
}

/** What came is not HTTP, or too slow to be: there is no request and no reply, only the socket. */
function answerNoHttp(_error: unknown, socket: Socket): void {
  const body = JSON.stringify(envelope('BAD_INPUT'));
  const head = [
    'HTTP/1.1 400 Bad Request',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  else socket.destroy();
}
