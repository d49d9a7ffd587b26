import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import {
  LIMITS,
  PROTOCOL_VERSION,
  RELAY_ERRORS,
  type RelayErrorDetails,
  type RelayErrorCode,
} from '@quicprochat/protocol';
import { fastifyRequestHandler } from '@trpc/server/adapters/fastify';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import { TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import Fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify';
import { serveBlobs } from '../blobs/routes.ts';
import type { Services } from '../context.ts';
import { codeOfAny, detailsOf, RelayError, RouteRefusal } from '../errors.ts';
import { guardEntrance, type Bounds } from '../limits/entrance.ts';
import { relayRouter } from '../router/root.ts';
import { limitBodies, textReader } from './bodies.ts';
import { isForStream, serveStream } from './event-stream.ts';
import { isPlainCall, serveCall } from './plain-call.ts';
import { requireProtocol } from './protocol-version.ts';
import { contextOf } from './request-context.ts';
import type { TrpcRoute } from './trpc-route.ts';

/** Whom the server believes, whom it serves, and how many at once. */
export interface ServerOptions {
  origins: readonly string[];
  trustedProxies?: readonly string[];
  bounds?: Bounds;
  /** The number of the protocol that it speaks. Default: {@link PROTOCOL_VERSION}. Tests give others. */
  protocolVersion?: number;
}

/** The HTTP server: tRPC under /trpc, the bytes of blobs under /blobs, and nothing else. Whatever is not a result is a typed error as JSON. */
export function createServer(
  services: Services,
  { origins, trustedProxies = [], bounds = {}, protocolVersion = PROTOCOL_VERSION }: ServerOptions,
): FastifyInstance {
  const { slowSenderMs = 60_000 } = bounds;
  const server = Fastify({
    // Which address a caller has: else anyone could choose the one that rate limits count.
    trustProxy: [...trustedProxies],
    // tRPC puts the names of a whole batch into one path parameter.
    routerOptions: { maxParamLength: 2_048 },
    // A request that is sent a byte at a time does not hold a connection for ever: here the head, in bodies.ts the rest.
    http: { headersTimeout: slowSenderMs, connectionsCheckingInterval: slowSenderMs / 4 },
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
    // An OPTIONS that no page's call is behind would be refused in plain text; it is told the same as any other.
    strictPreflight: false,
  });
  // First: the body of a request that is turned away has an end, too.
  limitBodies(server, slowSenderMs, answerNoHttp);
  requireProtocol(server, protocolVersion, services.observe);
  guardEntrance(server, services, bounds);
  server.setErrorHandler<FastifyError>((error, _request, reply) => {
    const { status, code, details } = answerTo(error, services);
    return reply.status(status).send(envelope(code, details));
  });
  server.setNotFoundHandler((_request, reply) => reply.status(404).send(envelope('NO_SUCH_PROCEDURE')));
  takeJsonAlone(server, services, bounds);
  serveProcedures(server, services);
  const { blobs } = services;
  const { slowUploadMs = 30_000, slowReaderMs = 60_000 } = bounds;
  if (blobs !== undefined) serveBlobs(server, { ...services, blobs }, { slowUploadMs, slowReaderMs });
  return server;
}

/** Forms and byte streams would reach tRPC past the body limit, and no procedure takes them. */
function takeJsonAlone(server: FastifyInstance, { observe }: Services, bounds: Bounds): void {
  const { maxPartialBytes = 256 * 1024 * 1024 } = bounds;
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', textReader(maxPartialBytes, observe));
}

function serveProcedures(server: FastifyInstance, services: Services): void {
  // Where tRPC refuses a request as a whole, its JSON would go out as plain text.
  server.addHook('onSend', async (_request, _reply, payload) => {
    if (payload instanceof Response && payload.headers.get('content-type')?.startsWith('text/plain'))
      payload.headers.set('content-type', 'application/json');
  });
  server.route<TrpcRoute>({
    // Not all there are: of TRACE tRPC cannot even make a request.
    method: ['GET', 'POST'],
    exposeHeadRoute: false,
    url: '/trpc/:path',
    handler: (request, reply) => {
      if (isPlainCall(request)) return serveCall(request, reply, services);
      if (isForStream(request)) return serveStream(request, reply, services);
      return fastifyRequestHandler({
        router: relayRouter,
        req: request,
        res: reply,
        path: request.params.path,
        createContext: () => contextOf(services, request),
        maxBatchSize: LIMITS.maxBatchCalls,
        allowMethodOverride: true,
      });
    },
  });
}

/** What a request is told that never got as far as tRPC. */
function answerTo(error: FastifyError, { platform, report }: Services) {
  const status = error.statusCode ?? 500;
  if (error instanceof RelayError) {
    const own = error instanceof RouteRefusal ? error.status : getHTTPStatusCodeFromError(error);
    return { status: own, code: error.qpc, details: detailsOf(error) };
  }
  if (status === 413) return { status, code: 'PAYLOAD_TOO_LARGE', details: {} } as const;
  if (status >= 400 && status < 500) return { status, code: 'BAD_INPUT', details: {} } as const;
  const incident = platform.uuid();
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

/** What came is not HTTP, or too large or too slow to be: there is no request and no reply, only the socket. */
function answerNoHttp({ code }: Error & { code?: string }, socket: Socket): void {
  const refusal = NO_HTTP[code ?? ''] ?? { status: '400 Bad Request', code: 'BAD_INPUT' };
  const body = JSON.stringify(envelope(refusal.code));
  const head = [
    `HTTP/1.1 ${refusal.status}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'Connection: close',
  ];
  if (socket.writable) socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
  else socket.destroy();
}

/** By Node's own codes. */
const NO_HTTP: Record<string, { status: string; code: RelayErrorCode }> = {
  HPE_HEADER_OVERFLOW: { status: '431 Request Header Fields Too Large', code: 'PAYLOAD_TOO_LARGE' },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: { status: '413 Payload Too Large', code: 'PAYLOAD_TOO_LARGE' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', code: 'UNAVAILABLE' },
};
