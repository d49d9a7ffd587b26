import { PROTOCOL_PARAMETER } from '@quicprochat/protocol';
import { callTRPCProcedure, getTRPCErrorFromUnknown, getTRPCErrorShape, TRPCError } from '@trpc/server';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Context, Services } from '../context.ts';
import { relayRouter } from '../router/root.ts';
import { STREAM_PATH } from './event-stream.ts';
import { contextOf } from './request-context.ts';
import type { TrpcRoute } from './trpc-route.ts';

type CallRequest = FastifyRequest<TrpcRoute>;

/** All procedures are called by POST, except the one that a stream is asked for by. */
const PLAIN = new Set(Object.keys(relayRouter._def.procedures).filter((path) => path !== STREAM_PATH));

/** Whether this is one call of one procedure. Batches are for tRPC's adapter, and so is whatever it refuses for its form. */
export function isPlainCall({ method, headers, params, query }: CallRequest): boolean {
  const { accept, 'trpc-accept': answerForm } = headers;
  return (
    method === 'POST' &&
    headers['content-type'] !== undefined &&
    accept !== JSONL &&
    answerForm === undefined &&
    Object.keys(query).every((name) => name === PROTOCOL_PARAMETER) &&
    PLAIN.has(params.path)
  );
}

/** The form in which tRPC answers batches piece by piece. */
const JSONL = 'application/jsonl';

/**
 * Answers a call as tRPC's adapter does. That one makes a web request of Node's, and of the answer a web response that
 * Node reads as a stream, which cost as much as the rest of HTTP.
 */
export async function serveCall(
  request: CallRequest,
  reply: FastifyReply,
  services: Services,
): Promise<void> {
  const ctx = contextOf(services, request);
  const { path } = request.params;
  const { status, body } = await answerTo(path, request.body, ctx);
  // Those that the adapter sets.
  void reply.code(status).header('content-type', 'application/json').header('vary', VARY);
  await reply.send(JSON.stringify(body));
}

const VARY = 'trpc-accept, accept';

async function answerTo(
  path: string,
  text: unknown,
  ctx: Context,
): Promise<{ status: number; body: object }> {
  const type = 'mutation';
  let input: unknown;
  const getRawInput = async () => (input = parse(text));
  try {
    const call = {
      router: relayRouter,
      path,
      type,
      ctx,
      getRawInput,
      signal: undefined,
      batchIndex: 0,
    } as const;
    const data: unknown = await callTRPCProcedure(call);
    return { status: 200, body: { result: { data } } };
  } catch (cause) {
    const error = getTRPCErrorFromUnknown(cause);
    const shape = getTRPCErrorShape({ config: relayRouter._def._config, error, type, path, input, ctx });
    return { status: shape.data.httpStatus, body: { error: shape } };
  }
}

function parse(text: unknown): unknown {
  if (typeof text !== 'string' || text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new TRPCError({ code: 'BAD_REQUEST', cause });
  }
}
