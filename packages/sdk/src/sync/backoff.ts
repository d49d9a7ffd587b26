import { hasCode, QuicprochatError } from '../model/errors.ts';

/** How long to wait after a stream that did not last, and at most, however many there were in a row. */
export const BACKOFF_MS = { first: 500, most: 30_000 };

/** The longest wait before trying again to reach the relay while somebody waits for it. */
export const MOST_WHILE_AWAITED_MS = 4_000;

/** The longest wait before trying again what changes only if the relay does. */
export const MOST_WHILE_LASTING_MS = 5 * 60_000;

/** The longest that a relay can have us wait. */
const MOST_TOLD_MS = 5 * 60_000;

/**
 * How long the relay asks us to wait before the next call, as far as that is sensible: not so long that we would be gone.
 * 0 if it asks for nothing.
 */
export function toldToWaitMs(error: unknown): number {
  const told = error instanceof QuicprochatError ? error.details['retryAfterMs'] : undefined;
  return typeof told === 'number' && told > 0 ? Math.min(told, MOST_TOLD_MS) : 0;
}

/**
 * How long to wait before the next try. What the relay asks for is waited out, and the delay comes on top: before that time
 * a call would be refused again, and at that time everyone would call at once.
 *
 * @param fraction random, from 0 to 1
 */
export function waitAfter(error: unknown, delayMs: number, fraction: number): number {
  return toldToWaitMs(error) + delayMs * (0.5 + fraction);
}

/** The longest wait after this error, however often it comes in a row. */
export function mostAfter(error: unknown): number {
  return hasCode(error, 'PROTOCOL_VERSION_MISMATCH') ? MOST_WHILE_LASTING_MS : BACKOFF_MS.most;
}
