/**
 * Everything that a relay can answer besides a result. Closed: a client switches over it exhaustively.
 * `trpc` is the tRPC error code it travels under, `retryable` whether the same call can succeed later as it is.
 */
// ANCHOR: codes
export const RELAY_ERRORS = {
  /** The input breaks its schema. Fix the caller: `issues` says which field and why. */
  BAD_INPUT: { trpc: 'BAD_REQUEST', retryable: false },
  /** A body or a field is over its limit. Send less. */
  PAYLOAD_TOO_LARGE: { trpc: 'PAYLOAD_TOO_LARGE', retryable: false },
  /** No such procedure, or the wrong method for it. Check the versions of client and relay. */
  NO_SUCH_PROCEDURE: { trpc: 'NOT_FOUND', retryable: false },
  /** There is no valid session, or the proof of who is signing in does not hold. Sign in again. */
  UNAUTHENTICATED: { trpc: 'UNAUTHORIZED', retryable: false },
  /** A challenge, proof or ticket was used before. Make a fresh one; a repeated write keeps its entry id. */
  REPLAYED: { trpc: 'UNAUTHORIZED', retryable: false },
  /** The proof's time is more than five minutes from the relay's, or the device's clock more than 48 hours. Set the clock: `relayTimeMs` tells. */
  CLOCK_SKEW: { trpc: 'UNAUTHORIZED', retryable: true },
  /** The group's access key did not sign this, there is no such group, or the blob's token is not good. Catch up, or stop. */
  NOT_AUTHORIZED: { trpc: 'FORBIDDEN', retryable: false },
  /** No account has this handle; or there is no such blob: none that is whole, not over, and this key's to open. */
  NOT_FOUND: { trpc: 'NOT_FOUND', retryable: false },
  /** The handle belongs to another account. Choose another one. */
  HANDLE_TAKEN: { trpc: 'CONFLICT', retryable: false },
  /** A group with this id exists under another key. Choose another random id. */
  GROUP_EXISTS: { trpc: 'CONFLICT', retryable: false },
  /** Another commit won this epoch: `winner` and `head` tell. Apply it, rebuild the commit, submit again. */
  EPOCH_CONFLICT: { trpc: 'CONFLICT', retryable: false },
  /** A message was sealed for an epoch that has ended: `head` tells. Catch up, encrypt again, post again. */
  STALE_EPOCH: { trpc: 'CONFLICT', retryable: false },
  /** The claimed epoch is ahead of the group's: `head` tells. The client's state is wrong; do not adopt the relay's. */
  FUTURE_EPOCH: { trpc: 'CONFLICT', retryable: false },
  /** This id of an entry or of a blob was used for something else. Never reuse an id. */
  IDEMPOTENCY_CONFLICT: { trpc: 'CONFLICT', retryable: false },
  /** The upload stands elsewhere: `offset` tells. Go on from there. */
  OFFSET_CONFLICT: { trpc: 'CONFLICT', retryable: false },
  /** A device has no key package left for this suite, not even a last-resort one: `handle` tells. Try later. */
  KEY_PACKAGES_EXHAUSTED: { trpc: 'PRECONDITION_FAILED', retryable: true },
  /** A device's pool, or what a group's blobs can have together, is full. Send less, or wait until some expire. */
  QUOTA_EXCEEDED: { trpc: 'PRECONDITION_FAILED', retryable: false },
  /** The cursor is beyond the end of the log or inbox, or the range beyond the end of the blob. Start from one that was read. */
  CURSOR_INVALID: { trpc: 'BAD_REQUEST', retryable: false },
  /** Too many calls: wait `retryAfterMs`. */
  RATE_LIMITED: { trpc: 'TOO_MANY_REQUESTS', retryable: true },
  /** The relay's storage is not there, or it is shutting down. Nothing was stored. Try again. */
  UNAVAILABLE: { trpc: 'SERVICE_UNAVAILABLE', retryable: true },
  /** A fault of the relay's. Nothing is said about it but `incident`, the id under which it stands in the relay's log. */
  INTERNAL: { trpc: 'INTERNAL_SERVER_ERROR', retryable: true },
} as const;
// ANCHOR_END: codes

export type RelayErrorCode = keyof typeof RELAY_ERRORS;

/** What the relay adds to an error; which fields are there is told at each code. */
export interface RelayErrorDetails {
  issues?: { path: string; message: string }[];
  head?: { epoch: number; sequence: number };
  offset?: number;
  winner?: { id: string; sequence: number };
  handle?: string;
  retryAfterMs?: number;
  relayTimeMs?: number;
  incident?: string;
}

/** The `data` of every tRPC error that a relay sends. */
export interface RelayErrorData {
  qpc: { code: RelayErrorCode; retryable: boolean; details: RelayErrorDetails };
}

export function isRelayErrorCode(value: unknown): value is RelayErrorCode {
  return typeof value === 'string' && Object.hasOwn(RELAY_ERRORS, value);
}
