import { LIMITS, RELAY_ERRORS, type RelayErrorCode, type RelayErrorData } from '@quicprochat/protocol';
import { initTRPC, TRPCError } from '@trpc/server';
import { getHTTPStatusCodeFromError } from '@trpc/server/http';
import type { Context } from '../context.ts';
import { codeOf, detailsOf, RelayError } from '../errors.ts';
import { consume } from '../limits/rate-limit.ts';
import type { Rate } from '../limits/rates.ts';
import { nodePlatform } from '../platform.ts';
import { findSession } from '../store/secrets.ts';

/** Pings keep proxies from closing a quiet stream, and tell the relay of readers that are gone. */
const PING_MS = LIMITS.streamPingMs;

const t = initTRPC.context<Context>().create({
  isDev: false,
  sse: { ping: { enabled: true, intervalMs: PING_MS }, client: { reconnectAfterInactivityMs: 3 * PING_MS } },
  // Built anew and not from tRPC's own shape, which carries the path, and the stack outside production.
  errorFormatter: ({ shape, error, ctx }) => {
    const code = codeOf(error);
    const trpc = httpCodeOf(code, error);
    const data: RelayErrorData & { code: typeof error.code; httpStatus: number } = {
      code: trpc,
      httpStatus: getHTTPStatusCodeFromError(new TRPCError({ code: trpc })),
      qpc: {
        code,
        retryable: RELAY_ERRORS[code].retryable,
        details: { ...detailsOf(error), ...incidentOf(code, error, ctx) },
      },
    };
    return { code: shape.code, message: code, data };
  },
});

export const { router } = t;

/** Tells the operator's metrics how each call ended, and not whose it was. */
const observed = t.middleware(async ({ ctx, path, next }) => {
  const startMs = ctx.platform.elapsedMs();
  const result = await next();
  const outcome = result.ok ? 'OK' : codeOf(result.error);
  ctx.observe({ type: 'call', procedure: path, outcome, durationMs: ctx.platform.elapsedMs() - startMs });
  return result;
});

/** A call that anybody may make. */
export const open = t.procedure.use(observed);

/** A middleware that counts the call against its caller's address. */
export function limited(rate: Rate) {
  return t.middleware(async ({ ctx, next }) => {
    consume(ctx, rate);
    return next();
  });
}

/** A middleware for calls that add to what is stored: they are for when there is room. What reads, deletes or signs in goes on. */
export const whereRoomIs = t.middleware(async ({ ctx, next }) => {
  if (await ctx.hasRoom()) return next();
  ctx.observe({ type: 'limited', limit: 'disk' });
  throw new RelayError('UNAVAILABLE');
});

/** A call by a device that has signed in. The session is checked first: strangers learn nothing about the input. */
export function asDevice(rate: Rate) {
  return open.use(limited(rate)).use(async ({ ctx, next }) => {
    const deviceId = ctx.token && (await findSession(ctx.db, ctx.token, ctx.platform.now()));
    if (deviceId === undefined) throw new RelayError('UNAUTHENTICATED');
    consume(ctx, 'device', { who: deviceId });
    return next({ ctx: { ...ctx, deviceId } });
  });
}

/**
 * A call by a member of a group, shown by a proof in its input. One that also says which device makes it is refused:
 * a client that does so by mistake gives away what the proofs are there to hide.
 */
export const asMember = open.use(async ({ ctx, next }) => {
  consume(ctx, 'write');
  if (ctx.isIdentified)
    throw new RelayError('BAD_INPUT', {
      issues: [{ path: 'authorization', message: 'group calls carry no session' }],
    });
  return next();
});

/** The tRPC code that gives the HTTP status. tRPC's own refusals of a form keep theirs, which says more: 405, 415. */
function httpCodeOf(code: RelayErrorCode, error: TRPCError) {
  return code === 'BAD_INPUT' || code === 'NO_SUCH_PROCEDURE' ? error.code : RELAY_ERRORS[code].trpc;
}

/** Of a fault, a caller is told nothing but the id under which it stands in our log. */
function incidentOf(code: RelayErrorCode, error: TRPCError, ctx: Context | undefined): { incident?: string } {
  if (code !== 'INTERNAL' && code !== 'UNAVAILABLE') return {};
  // A refusal of our own, as while shutting down, is no fault.
  if (error instanceof RelayError) return {};
  const incident = (ctx?.platform ?? nodePlatform).uuid();
  ctx?.report(incident, error.cause ?? error);
  return { incident };
}
