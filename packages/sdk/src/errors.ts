import type { RelayErrorCode } from '@quicprochat/protocol';

/**
 * What the SDK itself can refuse or report, besides the codes of the core (crates/core/src/error.rs) and of the relay
 * (packages/protocol/src/errors.ts). `remedy` picks the error class: what kind of thing the app should do next.
 */
// ANCHOR: codes
export const SDK_ERRORS = {
  /** The storage holds no account and no handle was given. Call `Client.create` with a handle. */
  NOT_REGISTERED: { remedy: 'usage', retryable: false },
  /** The storage belongs to another handle. Open it with its own handle, or use another storage. */
  HANDLE_MISMATCH: { remedy: 'usage', retryable: false },
  /** The storage was registered at another relay. Open it with that relay's address. */
  RELAY_MISMATCH: { remedy: 'usage', retryable: false },
  /** An argument is not of the form that the method's doc comment tells. */
  INVALID_ARGUMENT: { remedy: 'usage', retryable: false },
  /** The client was closed. Create a new one. */
  CLOSED: { remedy: 'usage', retryable: false },
  /** No conversation has this id or name. */
  CONVERSATION_NOT_FOUND: { remedy: 'usage', retryable: false },
  /** Several conversations have this name. Use the id. */
  AMBIGUOUS_NAME: { remedy: 'usage', retryable: false },
  /** The conversation has ended for this member, or is being left: nothing more can be sent. */
  CONVERSATION_ENDED: { remedy: 'usage', retryable: false },
  /** The text is longer than one message can carry. Send less. */
  MESSAGE_TOO_LARGE: { remedy: 'usage', retryable: false },
  /** This runtime cannot run the SDK; the message tells what is missing. */
  UNSUPPORTED_RUNTIME: { remedy: 'usage', retryable: false },
  /** The SDK's worker file could not be loaded. Serve the file, or pass its address as the option `worker`. */
  WORKER_NOT_FOUND: { remedy: 'usage', retryable: true },
  /** The SDK's WebAssembly could not be loaded. Serve the file, or pass its address as the option `wasm`. */
  WASM_NOT_FOUND: { remedy: 'usage', retryable: true },
  /** The relay cannot be reached, or something else answers at its address. Try again; what was queued is kept. */
  NETWORK: { remedy: 'transport', retryable: true },
  /** The relay answered something that its protocol does not know. Check the versions of both. */
  RELAY_MISBEHAVED: { remedy: 'transport', retryable: false },
  /** The relay has shown two logs of a conversation and signed for both. Show the evidence, and use another relay. */
  RELAY_FORKED: { remedy: 'crypto', retryable: false },
  /** Other members' commits kept winning. Nothing was changed; try again. */
  COMMIT_CONTENTION: { remedy: 'transport', retryable: true },
  /** Someone's account key is not the one that was seen first. Compare safety numbers before going on. */
  IDENTITY_CHANGED: { remedy: 'crypto', retryable: false },
  /** The safety number is not that of the key to be verified or rejected. Compare the number that is shown now. */
  SAFETY_NUMBER_MISMATCH: { remedy: 'usage', retryable: false },
  /** A commit that the relay accepted cannot be applied here: this device is out of the group and must be added again. */
  CONVERSATION_STUCK: { remedy: 'crypto', retryable: false },
  /** Another tab or process changed the storage at the same moment, again and again. Try again. */
  STORE_CONTENTION: { remedy: 'storage', retryable: true },
  /** The storage cannot be read or written: disk full, quota, no permission. Nothing was changed. */
  STORE_UNAVAILABLE: { remedy: 'storage', retryable: true },
  /** The storage was written by another version of the SDK. Update, or start with an empty storage. */
  STORE_VERSION: { remedy: 'storage', retryable: false },
  /** The key of the storage is missing or damaged. Put it back; without it, what is stored is lost. */
  STORE_KEY_MISSING: { remedy: 'storage', retryable: false },
  /** The worker that holds the crypto stopped. Create a new client; the storage is intact. */
  WORKER_STOPPED: { remedy: 'internal', retryable: true },
} as const;
// ANCHOR_END: codes

export type SdkErrorCode = keyof typeof SDK_ERRORS;

type Remedy = 'usage' | 'validation' | 'crypto' | 'storage' | 'transport' | 'internal';

/**
 * The core's codes, by remedy. A test compares this list with the one that the artefact exports.
 * What each means and what to do next stands at `CoreError` in crates/core/src/error.rs.
 */
export const CORE_ERRORS = {
  BAD_INPUT: 'usage',
  PSK_MISSING: 'usage',
  STORE_CORRUPT: 'storage',
  STORE_ROLLED_BACK: 'storage',
  WIRE_DECODE: 'validation',
  WRONG_GROUP: 'validation',
  EPOCH_TOO_OLD: 'validation',
  EPOCH_AHEAD: 'validation',
  REPLAYED: 'validation',
  GENERATION_TOO_FAR: 'validation',
  DECRYPT_FAILED: 'crypto',
  OWN_MESSAGE: 'validation',
  INVALID_COMMIT: 'crypto',
  CANNOT_FOLLOW: 'crypto',
  INVALID_PROPOSAL: 'crypto',
  POLICY_REJECTED: 'crypto',
  CREDENTIAL_REJECTED: 'crypto',
  DEVICE_REVOKED: 'crypto',
  KEYPACKAGE_EXPIRED: 'validation',
  KEYPACKAGE_INVALID: 'crypto',
  UNSUPPORTED_CIPHERSUITE: 'validation',
  ALREADY_MEMBER: 'usage',
  CANNOT_ADD_SELF: 'usage',
  CANNOT_REMOVE_SELF: 'usage',
  NOT_A_MEMBER: 'usage',
  WELCOME_NOT_FOR_US: 'validation',
  WELCOME_INVALID: 'crypto',
  GROUP_EXISTS: 'usage',
  GROUP_NOT_FOUND: 'usage',
  REMOVED_FROM_GROUP: 'usage',
  GROUP_STUCK: 'usage',
  PENDING_COMMIT_EXISTS: 'usage',
  NO_PENDING_COMMIT: 'usage',
  STAGED_COMMIT_EXISTS: 'usage',
  NO_STAGED_COMMIT: 'usage',
  PENDING_PROPOSALS: 'usage',
  NO_PENDING_PROPOSALS: 'usage',
  HEALING_OVERDUE: 'usage',
  STORE_TOO_NEW: 'storage',
  STORE_KEY_WRONG: 'storage',
  INTERNAL: 'internal',
} as const satisfies Record<string, Remedy>;

export type CoreErrorCode = keyof typeof CORE_ERRORS;

/** Every code that an error of the SDK can have. */
export type ErrorCode = SdkErrorCode | RelayErrorCode | CoreErrorCode;

export interface QuicprochatErrorOptions {
  retryable?: boolean;
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** The base of everything that the SDK throws, but for an aborted signal's own reason. */
export class QuicprochatError extends Error {
  override readonly name: string = 'QuicprochatError';
  readonly code: ErrorCode;
  /** Whether the same call can succeed later as it is. */
  readonly retryable: boolean;
  /** What is told at the code; never user input, never secrets. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: QuicprochatErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** The caller did something that cannot work: fix the call. */
export class UsageError extends QuicprochatError {
  override readonly name = 'UsageError';
}

/** Bytes from outside are not what their protocol says: drop them, and tell the person where it matters. */
export class ValidationError extends QuicprochatError {
  override readonly name = 'ValidationError';
}

/** A signature, tag, key or identity does not hold: trust nothing that came with it. */
export class CryptoVerificationError extends QuicprochatError {
  override readonly name = 'CryptoVerificationError';
}

/** The storage failed; nothing was half written. */
export class StorageError extends QuicprochatError {
  override readonly name = 'StorageError';
}

/** The relay refused, could not be reached, or spoke nonsense. */
export class TransportError extends QuicprochatError {
  override readonly name = 'TransportError';
}

/** A fault of ours: report it, with the code. */
export class InternalError extends QuicprochatError {
  override readonly name = 'InternalError';
}

const CLASSES = {
  usage: UsageError,
  validation: ValidationError,
  crypto: CryptoVerificationError,
  storage: StorageError,
  transport: TransportError,
  internal: InternalError,
} as const;

/** An error of the SDK's own, of the class that its code belongs to. */
export function sdkError(code: SdkErrorCode, message: string, options: QuicprochatErrorOptions = {}) {
  const { remedy, retryable } = SDK_ERRORS[code];
  return new CLASSES[remedy](code, message, { retryable, ...options });
}

/** An error of the core's, rebuilt on this side of the worker. A code that this version does not know is INTERNAL. */
export function coreError(code: string, message: string): QuicprochatError {
  if (!isCoreErrorCode(code)) return new InternalError('INTERNAL', message, { details: { coreCode: code } });
  return new CLASSES[CORE_ERRORS[code]](code, message);
}

/** An error that the relay answered. */
export function relayError(
  code: RelayErrorCode,
  message: string,
  options: { retryable: boolean; details: Readonly<Record<string, unknown>> },
): TransportError {
  return new TransportError(code, message, options);
}

/** Whether the error has one of these codes. */
export function hasCode<Code extends ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is QuicprochatError & { code: Code } {
  return error instanceof QuicprochatError && (codes as readonly ErrorCode[]).includes(error.code);
}

/**
 * Whether the error is a verdict on what the core was given. Our own faults (the storage, the worker, INTERNAL) are not:
 * they never decide that an entry or a Welcome is bad.
 */
export function isAboutInput(error: unknown): error is QuicprochatError {
  return (
    error instanceof ValidationError ||
    error instanceof CryptoVerificationError ||
    error instanceof UsageError
  );
}

/** One sentence about an error for a person to read. Never a stack, never more than the error's own message. */
export function toSentence(error: unknown): string {
  if (error instanceof QuicprochatError) return error.message;
  if (error instanceof DOMException && error.name === 'AbortError')
    return 'This action was cancelled before it finished.';
  return 'An unexpected error stopped this action. Try again; if it happens again, report it.';
}

function isCoreErrorCode(code: string): code is CoreErrorCode {
  return Object.hasOwn(CORE_ERRORS, code);
}
