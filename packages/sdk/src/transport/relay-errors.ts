import { isRelayErrorCode, type RelayErrorData } from '@quicprochat/protocol';
import { TRPCClientError } from '@trpc/client';
import { z } from 'zod';
import { QuicprochatError, relayError, sdkError } from '../errors.ts';

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
  return relayError(qpc.code, sentenceFor(qpc.code, details), { retryable: qpc.retryable === true, details });
}

/** The relay, or something else that speaks tRPC, says what no relay of this version says. */
export function unknownAnswer(cause?: unknown): QuicprochatError {
  return sdkError('RELAY_MISBEHAVED', 'The relay answered in a way that this version does not know.', {
    cause,
  });
}

/**
 * The address is wrong; or the network has put its own page in the relay's place, as those of hotels and trains do. So
 * it is NETWORK: what waits to be sent must outlive such a page.
 */
export function noRelay(response: Response, cause?: unknown): QuicprochatError {
  if (GATEWAY_STATUSES.includes(response.status)) return away(cause);
  return sdkError('NETWORK', 'The relay cannot be reached: what answers at its address is no relay.', {
    cause,
  });
}

/** Throws unless it can be a relay's answer. A page is not, whatever its status. */
export function requireJson(response: Response): void {
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true;
  if (!isJson) throw noRelay(response);
}

function away(cause: unknown): QuicprochatError {
  return sdkError('NETWORK', 'The relay cannot be reached.', { cause });
}

function sentenceFor(code: RelayErrorData['qpc']['code'], details: RelayErrorData['qpc']['details']): string {
  switch (code) {
    case 'BAD_INPUT':
      return 'The relay refused the form of this request.';
    case 'PAYLOAD_TOO_LARGE':
      return 'That is larger than the relay takes.';
    case 'NO_SUCH_PROCEDURE':
      return 'The relay does not know this request: its version differs from this client’s.';
    case 'UNAUTHENTICATED':
      return 'The relay did not accept this device’s sign-in.';
    case 'REPLAYED':
      return 'The relay has seen this very request before.';
    case 'CLOCK_SKEW':
      return 'This device’s clock is too far from the relay’s. Set the clock, then try again.';
    case 'NOT_AUTHORIZED':
      return 'The relay does not take this group’s key from this device any more.';
    case 'NOT_FOUND':
      return details.handle === undefined
        ? 'Nobody has that handle.'
        : `Nobody has the handle “${details.handle}”.`;
    case 'HANDLE_TAKEN':
      return 'That handle is taken.';
    case 'GROUP_EXISTS':
      return 'A group with this id exists already.';
    case 'EPOCH_CONFLICT':
    case 'STALE_EPOCH':
      return 'Another member’s change came first.';
    case 'FUTURE_EPOCH':
      return 'The relay does not have the latest changes of this conversation. It may have been restored from an old backup: ask whoever runs it.';
    case 'IDEMPOTENCY_CONFLICT':
      return 'The relay has another message under this id.';
    case 'OFFSET_CONFLICT':
      return 'The relay has more or less of this attachment than was thought.';
    case 'KEY_PACKAGES_EXHAUSTED':
      return `${details.handle ?? 'A device'} cannot be added just now: it has no key packages left at the relay.`;
    case 'QUOTA_EXCEEDED':
      return 'The relay keeps no more for this device or this group.';
    case 'CURSOR_INVALID':
      return 'The relay has less than this device has read. It may have been restored from an old backup: ask whoever runs it.';
    case 'RATE_LIMITED':
      return 'Too many requests: wait a moment.';
    case 'UNAVAILABLE':
      return 'The relay cannot store anything just now.';
    case 'INTERNAL':
      return 'The relay met a fault of its own.';
  }
}
