import { hasCode } from '../model/errors.ts';

/** How long to wait after a stream that did not last, and at most, however many there were in a row. */
export const BACKOFF_MS = { first: 500, most: 30_000 };

/** The longest wait before trying again to reach the relay while somebody waits for it. */
export const MOST_WHILE_AWAITED_MS = 4_000;

/** The longest wait before trying again what changes only if the relay does. */
export const MOST_WHILE_LASTING_MS = 5 * 60_000;

/** The longest that a relay can have us wait. */
const MOST_TOLD_MS = 5 * 60_000;

/** What the relay asks for, as far as that is sensible: not less than we would wait, nor so long that we would be gone. */
export function waitAfter(error: unknown, delayMs: number): number {
  const told = hasCode(error, 'RATE_LIMITED') ? error.details['retryAfterMs'] : delayMs;
  return typeof told === 'number' && Number.isFinite(told)
    ? Math.min(Math.max(told, delayMs), MOST_TOLD_MS)
    : delayMs;
}

/** The longest wait after this error, however often it comes in a row. */
export function mostAfter(error: unknown): number {
  return hasCode(error, 'PROTOCOL_VERSION_MISMATCH') ? MOST_WHILE_LASTING_MS : BACKOFF_MS.most;
}
