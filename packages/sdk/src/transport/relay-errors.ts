import { isRelayErrorCode, type RelayErrorCode, type RelayErrorData } from '@quicprochat/protocol';
import { TRPCClientError } from '@trpc/client';
import { z } from 'zod';
import { hasCode, QuicprochatError, relayError, sdkError } from '../model/errors.ts';
import { protocolMismatch } from './protocol-version.ts';
import { away, notARelay } from './unreached.ts';

/** By which a proxy says that the relay behind it is away: bad gateway, unavailable, gateway timeout (RFC 9110 §15.6). */
const GATEWAY_STATUSES = [502, 503, 504];

/** The part of tRPC's error that a relay fills. */
const errorSchema = z.object({
  data: z.looseObject({ qpc: z.looseObject({ code: z.string() }).optional() }),
});

/** What a failed call means, as an error of the SDK's. */
export function asRelayError(error: unknown): QuicprochatError {
  if (error instanceof QuicprochatError) return error;
  if (!(error instanceof TRPCClientError)) return away(error);
  if (error.cause instanceof QuicprochatError) return error.cause;
  const response = error.meta?.['response'];
  return errorIn(
    { error: { data: error.data as unknown } },
    response instanceof Response ? response : undefined,
    error,
  );
}

/**
 * What an answer that is an error means.
 *
 * @param answer tRPC's `{error: {data}}`, or whatever else there is
 * @param response what it came with; undefined in a stream, and where nothing came
 */
export function errorIn(answer: unknown, response?: Response, cause?: unknown): QuicprochatError {
  const parsed = z.object({ error: errorSchema }).safeParse(answer);
  if (!parsed.success) return response === undefined ? away(cause) : noRelay(response, cause);
  const qpc = parsed.data.error.data.qpc as Partial<RelayErrorData['qpc']> | undefined;
  if (qpc === undefined || !isRelayErrorCode(qpc.code)) return unknownAnswer(cause);
  const details = { ...qpc.details };
  if (qpc.code === 'PROTOCOL_VERSION_MISMATCH')
    return protocolMismatch(details.relayProtocol) ?? unknownAnswer(cause);
  return relayError(qpc.code, sentenceFor(qpc.code, details), { retryable: qpc.retryable === true, details });
}

/** The relay, or something else that speaks tRPC, says what no relay of this version says. */
export function unknownAnswer(cause?: unknown): QuicprochatError {
  return sdkError(
    'RELAY_MISBEHAVED',
    'This client does not understand the relay’s answer. Check the versions of both.',
    { details: { reason: 'malformed' }, cause },
  );
}

/**
 * The address is wrong; or the network has put its own page in the relay's place, as those of hotels and trains do. So
 * it is NETWORK: what waits to be sent must outlive such a page.
 */
export function noRelay(response: Response, cause?: unknown): QuicprochatError {
  if (response.status === 413) return tooLargeForProxy();
  if (response.status === 429) return tooManyForProxy(response);
  if (GATEWAY_STATUSES.includes(response.status))
    return sdkError('NETWORK', 'The relay is away, as the server in front of it says. Try again later.', {
      details: { reason: 'gateway' },
      cause,
    });
  return notARelay(cause);
}

/** A proxy before the relay has a smaller limit than the relay. The same request would be refused for ever. */
function tooLargeForProxy(): QuicprochatError {
  return relayError(
    'PAYLOAD_TOO_LARGE',
    'A server before the relay refuses requests of this size. Send less, or ask whoever runs the relay to raise its limit.',
    { retryable: false, details: {} },
  );
}

/** @param response may say after how many seconds to come back (RFC 9110 §10.2.3) */
function tooManyForProxy({ headers }: Response): QuicprochatError {
  const seconds = /^\d+$/.exec(headers.get('retry-after') ?? '')?.[0];
  const details = seconds === undefined ? {} : { retryAfterMs: Number(seconds) * 1_000 };
  return relayError('RATE_LIMITED', sentenceFor('RATE_LIMITED', details), { retryable: true, details });
}

/** Whether it means that no call gets through: the relay cannot be reached, or takes no request of this version. */
export function isOutOfReach(error: unknown): boolean {
  return hasCode(error, 'NETWORK', 'PROTOCOL_VERSION_MISMATCH');
}

/** Throws unless it can be a relay's answer. A page is not, whatever its status. */
export function requireJson(response: Response): void {
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  if (!isJson) throw noRelay(response);
}

function sentenceFor(
  code: Exclude<RelayErrorCode, 'PROTOCOL_VERSION_MISMATCH'>,
  details: RelayErrorData['qpc']['details'],
): string {
  switch (code) {
    case 'BAD_INPUT':
      return 'The relay rejected this request as malformed. Check the versions of the relay and this client.';
    case 'PAYLOAD_TOO_LARGE':
      return 'This is larger than the relay accepts. Send less.';
    case 'NO_SUCH_PROCEDURE':
      return 'The relay does not know this request. Check the versions of the relay and this client.';
    case 'UNAUTHENTICATED':
      return 'The relay rejected this device’s sign-in. Try again.';
    case 'REPLAYED':
      return 'The relay has already received this request. Try again.';
    case 'CLOCK_SKEW':
      return 'This device’s clock is too far from the relay’s. Set the clock, then try again.';
    case 'NOT_AUTHORIZED':
      return 'The relay no longer accepts this device’s key for this conversation. Try again; if it stays like this, ask a member to add you again.';
    case 'NOT_FOUND':
      return details.handle === undefined
        ? 'Nobody has this handle. Check its spelling.'
        : `Nobody has the handle “${details.handle}”. Check its spelling.`;
    case 'HANDLE_TAKEN':
      return 'This handle is taken. Choose another one.';
    case 'GROUP_EXISTS':
      return 'A group with this id already exists. Create it again under another id.';
    case 'EPOCH_CONFLICT':
    case 'STALE_EPOCH':
      return 'The relay accepted another member’s change first. Try again.';
    case 'FUTURE_EPOCH':
      return 'The relay lacks the latest changes of this conversation. It may have been restored from an old backup. Ask whoever runs it.';
    case 'IDEMPOTENCY_CONFLICT':
      return 'The relay already has different content under this id. Use a new id.';
    case 'OFFSET_CONFLICT':
      return 'The relay has stored more or less of this attachment than expected. Continue from its offset.';
    case 'KEY_PACKAGES_EXHAUSTED':
      return `${details.handle ?? 'This person'} cannot be added now: the relay has none of their key packages left. Try again later.`;
    case 'QUOTA_EXCEEDED':
      return details.handle === undefined
        ? 'The relay’s limit for this device or this conversation is reached. Send less, or try again later.'
        : `${details.handle} cannot be added now: too many invitations wait for them. Try again when they have been online.`;
    case 'CURSOR_INVALID':
      return 'The relay has less than this device has already read. It may have been restored from an old backup. Ask whoever runs it.';
    case 'RATE_LIMITED':
      return `The relay received too many requests. ${waitFor(details.retryAfterMs)}`;
    case 'UNAVAILABLE':
      return 'The relay cannot take this now. Try again later.';
    case 'INTERNAL':
      return 'The relay failed because of an internal error. Try again; if it happens again, tell whoever runs it.';
  }
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A daily quota can be used up for hours. If the relay names no time, or an impossible one, it is a moment. */
function waitFor(retryAfterMs: unknown): string {
  const ms = typeof retryAfterMs === 'number' && retryAfterMs <= 24 * HOUR_MS ? retryAfterMs : 0;
  if (ms <= 2 * MINUTE_MS) return 'Wait a moment, then try again.';
  const [count, unit] =
    ms < 2 * HOUR_MS ? [Math.ceil(ms / MINUTE_MS), 'minutes'] : [Math.ceil(ms / HOUR_MS), 'hours'];
  return `Try again in about ${count} ${unit}.`;
}
