import { randomUUID } from 'node:crypto';
import {
  RELAY_ERRORS,
  type RelayErrorCode,
  type RelayErrorData,
  type RelayErrorDetails,
} from '@quicprochat/protocol';
import type { TRPCError } from '@trpc/server';
import { initTRPC } from '@trpc/server';
import { ZodError } from 'zod';
import type { Context } from './context.ts';
import { RelayError } from './errors.ts';
import { consume, type Rate } from './rate-limit.ts';
import { findSession } from './store/secrets.ts';

/** Pings keep proxies from closing a quiet stream, and tell the relay of readers that are gone. */
const PING_MS = 15_000;

const t = initTRPC.context<Context>().create({
  isDev: false,
  sse: { ping: { enabled: true, intervalMs: PING_MS }, client: { reconnectAfterInactivityMs: 3 * PING_MS } },
  errorFormatter: ({ shape, error, ctx }) => {
    const { code, details } = tell(error, ctx);
    const { retryable } = RELAY_ERRORS[code];
    const data: RelayErrorData & { code: typeof shape.data.code; httpStatus: number } = {
      code: shape.data.code,
      httpStatus: shape.data.httpStatus,
      qpc: { code, retryable, details },
    };
    return { code: shape.code, message: code, data };
  },
});

export const { router } = t;

/** A call that anybody may make. */
export const open = t.procedure;

/** A middleware that counts the call against its caller's address. */
export function limited(rate: Rate) {
  return t.middleware(async ({ ctx, next }) => {
    await consume(ctx, rate);
    return next();
  });
}

/** A call by a device that has signed in. */
export const asDevice = t.procedure.use(async ({ ctx, next }) => {
  const deviceId = ctx.token && (await findSession(ctx.db, ctx.token, ctx.now()));
  if (deviceId === undefined) throw new RelayError('UNAUTHENTICATED');
  return next({ ctx: { ...ctx, deviceId } });
});

/** What a caller is told. Of a fault that nobody foresaw: nothing, but the id under which it stands in our log. */
export function tell(
  error: TRPCError,
  ctx: Context | undefined,
): { code: RelayErrorCode; details: RelayErrorDetails } {
  if (error instanceof RelayError) return { code: error.qpc, details: error.details };
  if (error.cause instanceof RelayError) return { code: error.cause.qpc, details: error.cause.details };
  if (error.cause instanceof ZodError)
    return { code: 'BAD_INPUT', details: { issues: issuesOf(error.cause) } };
  switch (error.code) {
    case 'NOT_FOUND':
    case 'METHOD_NOT_SUPPORTED':
      return { code: 'NO_SUCH_PROCEDURE', details: {} };
    case 'PAYLOAD_TOO_LARGE':
      return { code: 'PAYLOAD_TOO_LARGE', details: {} };
    case 'BAD_REQUEST':
    case 'PARSE_ERROR':
    case 'UNSUPPORTED_MEDIA_TYPE':
      return { code: 'BAD_INPUT', details: {} };
    default:
      break;
  }
  const incident = randomUUID();
  ctx?.report(incident, error.cause ?? error);
  return isStorageFault(error.cause)
    ? { code: 'UNAVAILABLE', details: { incident } }
    : { code: 'INTERNAL', details: { incident } };
}

/** The path is made of our own field names; the values that broke the rule are not repeated. */
function issuesOf(error: ZodError): { path: string; message: string }[] {
  return error.issues.slice(0, 10).map(({ path, code, message }) => ({
    path: path.map(String).join('.').slice(0, 200),
    message: code === 'unrecognized_keys' ? 'unknown fields' : message.slice(0, 200),
  }));
}

function isStorageFault(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return /^SQLITE_(FULL|BUSY|IOERR|READONLY|CANTOPEN|LOCKED)/.test(code);
}
