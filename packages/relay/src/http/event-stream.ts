import type { ServerResponse } from 'node:http';
import type { StreamEvent } from '@quicprochat/protocol';
import { callTRPCProcedure, getTRPCErrorFromUnknown, getTRPCErrorShape } from '@trpc/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context, Services } from '../context.ts';
import { RelayError } from '../errors.ts';
import { relayRouter } from '../router/root.ts';
import { contextOf } from './request-context.ts';
import type { TrpcRoute } from './trpc-route.ts';

type StreamRequest = FastifyRequest<TrpcRoute>;

export const STREAM_PATH = 'streams.events';

const HEADERS = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  // Else nginx gathers what is to go out at once.
  'x-accel-buffering': 'no',
  connection: 'keep-alive',
};

/** Whether a stream is asked for. A batch of streams is for tRPC to refuse. */
export function isForStream({ method, params, query }: StreamRequest): boolean {
  return method === 'GET' && params.path === STREAM_PATH && query.batch === undefined;
}

/**
 * Answers `streams.events` in the form that tRPC's clients read. tRPC's own adapter takes each event through five web
 * streams, which was most of what a delivery took of the relay's one thread, and of what a stream held in memory. Here
 * an event is made into bytes once for all streams that get it, and they go to the socket.
 */
export async function serveStream(
  request: StreamRequest,
  reply: FastifyReply,
  services: Services,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  const ctx = contextOf(services, request);
  const { sse } = relayRouter._def._config;
  // What was set before for any answer, as who may read it.
  for (const [name, value] of Object.entries({ ...reply.getHeaders(), ...HEADERS }))
    if (value !== undefined) raw.setHeader(name, value);
  raw.write(frame(JSON.stringify(sse?.client ?? {}), 'connected'));
  // Readers see by them that the stream stands, and we that a reader is gone. Who takes nothing has enough to take.
  const pings = setInterval(() => {
    if (!raw.destroyed && !raw.writableNeedDrain) raw.write(PING);
  }, sse?.ping?.intervalMs);
  try {
    for await (const event of await eventsOf(ctx, request, raw)) {
      if (raw.destroyed) return;
      if (!raw.write(frameOf(event))) await hasRoom(raw);
    }
    if (!raw.destroyed) raw.end(frame('', 'return'));
  } catch (error) {
    if (!raw.destroyed) raw.end(frame(JSON.stringify(shapeOf(error, ctx)), 'serialized-error'));
  } finally {
    clearInterval(pings);
  }
}

/** Calls the procedure, as tRPC's adapters do. The signal tells it that the reader is gone. */
async function eventsOf(
  ctx: Context,
  { query }: StreamRequest,
  raw: ServerResponse,
): Promise<AsyncIterable<StreamEvent>> {
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  const events: unknown = await callTRPCProcedure({
    router: relayRouter,
    path: STREAM_PATH,
    type: 'subscription',
    ctx,
    getRawInput: async () => parse(query.input),
    signal: gone.signal,
    batchIndex: 0,
  });
  return events as AsyncIterable<StreamEvent>;
}

function parse(input: unknown): unknown {
  try {
    return typeof input === 'string' ? JSON.parse(input) : undefined;
  } catch {
    throw new RelayError('BAD_INPUT');
  }
}

/** What a caller is told of an error, as the formatter in router/trpc.ts makes it. */
function shapeOf(cause: unknown, ctx: Context) {
  const error = getTRPCErrorFromUnknown(cause);
  const config = relayRouter._def._config;
  return getTRPCErrorShape({ config, error, type: 'subscription', path: STREAM_PATH, input: undefined, ctx });
}

/** Waits until the socket has taken what was written, or is closed. */
function hasRoom(raw: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      raw.off('drain', end);
      raw.off('close', end);
      resolve();
    };
    raw.on('drain', end);
    raw.on('close', end);
  });
}

/** Events that several streams are given are the same object, and are made into bytes once. */
const frames = new WeakMap<StreamEvent, Buffer>();

function frameOf(event: StreamEvent): Buffer {
  const known = frames.get(event);
  if (known !== undefined) return known;
  const bytes = frame(JSON.stringify(event));
  frames.set(event, bytes);
  return bytes;
}

function frame(data: string, event?: string): Buffer {
  return Buffer.from(`${event === undefined ? '' : `event: ${event}\n`}data: ${data}\n\n`);
}

const PING = frame('', 'ping');
