/**
 * Every error code that a relay can answer with. The list is closed: a client switches over it exhaustively.
 * `trpc` is the tRPC error code on the wire. `retryable` says whether the same call can succeed later without changes.
 */
// ANCHOR: codes
export const RELAY_ERRORS = {
  /** The input does not match its schema. Fix the caller: `issues` names each field and the reason. */
  BAD_INPUT: { trpc: 'BAD_REQUEST', retryable: false },
  /** A body or a field exceeds its limit. Send less. */
  PAYLOAD_TOO_LARGE: { trpc: 'PAYLOAD_TOO_LARGE', retryable: false },
  /** The relay has no such procedure, or the method is wrong for it. Check the versions of the client and the relay. */
  NO_SUCH_PROCEDURE: { trpc: 'NOT_FOUND', retryable: false },
  /** The request names another protocol than the relay's, which is `relayProtocol`. Nothing was stored; update the side with the lower number. */
  PROTOCOL_VERSION_MISMATCH: { trpc: 'PRECONDITION_FAILED', retryable: true },
  /** The session is missing or has expired, or the sign-in proof is invalid. Sign in again. */
  UNAUTHENTICATED: { trpc: 'UNAUTHORIZED', retryable: false },
  /** A challenge, proof or ticket was used before. Make a fresh one; a repeated write keeps its entry id. */
  REPLAYED: { trpc: 'UNAUTHORIZED', retryable: false },
  /** The proof's time is more than five minutes from the relay's, or the device's clock is more than 48 hours from it. Set the clock; `relayTimeMs` is the relay's time. */
  CLOCK_SKEW: { trpc: 'UNAUTHORIZED', retryable: true },
  /** The group's access key did not sign this, the group does not exist, or the blob's token is invalid. Catch up, or stop. */
  NOT_AUTHORIZED: { trpc: 'FORBIDDEN', retryable: false },
  /** No account has this handle; or no complete, unexpired blob with this id is open to this key. Check the handle or the id. */
  NOT_FOUND: { trpc: 'NOT_FOUND', retryable: false },
  /** The handle belongs to another account. Choose another handle. */
  HANDLE_TAKEN: { trpc: 'CONFLICT', retryable: false },
  /** A group with this id already exists under another key. Choose another random id. */
  GROUP_EXISTS: { trpc: 'CONFLICT', retryable: false },
  /** Another commit won this epoch; see `winner` and `head`. Apply it, rebuild the commit and submit it again. */
  EPOCH_CONFLICT: { trpc: 'CONFLICT', retryable: false },
  /** The message was sealed for an epoch that has ended; see `head`. Catch up, encrypt it again and post it again. */
  STALE_EPOCH: { trpc: 'CONFLICT', retryable: false },
  /** The claimed epoch is ahead of the group's; see `head`. Either the client or the relay has lost state; do not adopt the relay's. */
  FUTURE_EPOCH: { trpc: 'CONFLICT', retryable: false },
  /** This id already names another entry or blob. Never reuse an id. */
  IDEMPOTENCY_CONFLICT: { trpc: 'CONFLICT', retryable: false },
  /** The upload is at another offset; see `offset`. Continue from there. */
  OFFSET_CONFLICT: { trpc: 'CONFLICT', retryable: false },
  /** A device of `handle` has no key package left for this suite, not even one of last resort. Try again later. */
  KEY_PACKAGES_EXHAUSTED: { trpc: 'PRECONDITION_FAILED', retryable: true },
  /** A device's pool of key packages is full, a group's blobs have reached their limit, or the inbox of a device of `handle` is full. Send less, or try again when there is room. */
  QUOTA_EXCEEDED: { trpc: 'PRECONDITION_FAILED', retryable: false },
  /** The cursor is beyond the end of the log or inbox, or the range is beyond the end of the blob. Start from a place that was read. */
  CURSOR_INVALID: { trpc: 'BAD_REQUEST', retryable: false },
  /** The caller made too many calls. Wait for `retryAfterMs`. */
  RATE_LIMITED: { trpc: 'TOO_MANY_REQUESTS', retryable: true },
  /** The relay's storage is not available, or the relay is shutting down. Nothing was stored; try again. */
  UNAVAILABLE: { trpc: 'SERVICE_UNAVAILABLE', retryable: true },
  /** The relay has failed. Report `incident`: it identifies the failure in the relay's log. */
  INTERNAL: { trpc: 'INTERNAL_SERVER_ERROR', retryable: true },
} as const;
// ANCHOR_END: codes

export type RelayErrorCode = keyof typeof RELAY_ERRORS;

/** What the relay adds to an error. Each code above names its fields. */
export interface RelayErrorDetails {
  issues?: { path: string; message: string }[];
  head?: { epoch: number; sequence: number };
  offset?: number;
  winner?: { id: string; sequence: number };
  handle?: string;
  retryAfterMs?: number;
  relayTimeMs?: number;
  relayProtocol?: number;
  incident?: string;
}

/** The `data` of every tRPC error that a relay sends. */
export interface RelayErrorData {
  qpc: { code: RelayErrorCode; retryable: boolean; details: RelayErrorDetails };
}

export function isRelayErrorCode(value: unknown): value is RelayErrorCode {
  return typeof value === 'string' && Object.hasOwn(RELAY_ERRORS, value);
}
