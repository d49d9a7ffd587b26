import type { RelayErrorCode } from '@quicprochat/protocol';

/**
 * The SDK's own error codes, beside those of the core (crates/core/src/error.rs) and of the relay
 * (packages/protocol/src/errors.ts). `remedy` picks the error class, which tells the app what kind of thing to do next.
 */
// ANCHOR: codes
export const SDK_ERRORS = {
  /** The storage holds no account, and no handle was given. Call `Client.create` with a handle. */
  NOT_REGISTERED: { remedy: 'usage', retryable: false },
  /** The storage belongs to another handle. Open it with that handle, or use another storage. */
  HANDLE_MISMATCH: { remedy: 'usage', retryable: false },
  /** The storage was registered at another relay. Open it with that relay's address. */
  RELAY_MISMATCH: { remedy: 'usage', retryable: false },
  /** An argument does not have the type or form that the method requires. Fix the call; the message says how. */
  INVALID_ARGUMENT: { remedy: 'usage', retryable: false },
  /** The client was closed. Create a new one. */
  CLOSED: { remedy: 'usage', retryable: false },
  /** No conversation has this id or name. Check it against `conversations.list()`. */
  CONVERSATION_NOT_FOUND: { remedy: 'usage', retryable: false },
  /** Several conversations have this name. Use the id. */
  AMBIGUOUS_NAME: { remedy: 'usage', retryable: false },
  /** The conversation has ended for this member, or the member is leaving it. Send nothing more there. */
  CONVERSATION_ENDED: { remedy: 'usage', retryable: false },
  /** The change was already on its way when it was cancelled, so it may still take effect. Check the conversation in a moment. */
  TOO_LATE_TO_CANCEL: { remedy: 'usage', retryable: false },
  /** The text is longer than one message can carry. Send less. */
  MESSAGE_TOO_LARGE: { remedy: 'usage', retryable: false },
  /** The conversation has so many members that a change is larger than a relay accepts. Start a smaller conversation. */
  GROUP_TOO_LARGE: { remedy: 'usage', retryable: false },
  /** This runtime cannot run the SDK. Use another one; the message says what is missing. */
  UNSUPPORTED_RUNTIME: { remedy: 'usage', retryable: false },
  /** The SDK's worker file could not be loaded. Serve the file, or pass its address as the option `worker`. */
  WORKER_NOT_FOUND: { remedy: 'usage', retryable: true },
  /** The SDK's WebAssembly could not be loaded. See `details.reason`: serve the file, allow it, or pass its address as the option `wasm`. */
  WASM_NOT_FOUND: { remedy: 'usage', retryable: true },
  /** The relay cannot be reached, or another server answers at its address. See `details.reason`, and try again; the queue is kept. */
  NETWORK: { remedy: 'transport', retryable: true },
  /** The relay's answer does not follow the protocol. See `details.reason`; often the versions of the relay and the SDK differ. */
  RELAY_MISBEHAVED: { remedy: 'transport', retryable: false },
  /** The relay signed two different logs of one conversation. Show the person the evidence, and use another relay. */
  RELAY_FORKED: { remedy: 'crypto', retryable: false },
  /** The relay kept accepting other members' commits first. Nothing was changed; try again. */
  COMMIT_CONTENTION: { remedy: 'transport', retryable: true },
  /** A member's account key differs from the one seen first. Compare safety numbers before you continue. */
  IDENTITY_CHANGED: { remedy: 'crypto', retryable: false },
  /** The safety number does not belong to the key to verify or reject. Compare the number that is shown now. */
  SAFETY_NUMBER_MISMATCH: { remedy: 'usage', retryable: false },
  /** This device cannot apply a commit that the relay accepted. Another member must remove this account and add it again. */
  CONVERSATION_STUCK: { remedy: 'crypto', retryable: false },
  /** Another tab or process kept changing the storage at the same time. Try again. */
  STORE_CONTENTION: { remedy: 'storage', retryable: true },
  /** The storage cannot be read or written. See `details.reason`; nothing was changed, so fix the cause and try again. */
  STORE_UNAVAILABLE: { remedy: 'storage', retryable: true },
  /** Another version of the SDK wrote the storage. Update, or start with an empty storage. */
  STORE_VERSION: { remedy: 'storage', retryable: false },
  /** The key of the storage is missing or damaged. Put it back: without it, the stored data is lost. */
  STORE_KEY_MISSING: { remedy: 'storage', retryable: false },
  /** The storage opens only with a passphrase or a secret. Ask for it, and pass it as the option `unlock`. */
  STORE_LOCKED: { remedy: 'storage', retryable: false },
  /** The passphrase opens none of the storage's key slots. Ask for it again; nothing was changed. */
  PASSPHRASE_WRONG: { remedy: 'storage', retryable: false },
  /** The secret opens none of the storage's key slots. Ask the passkey, or whatever holds it, again; nothing was changed. */
  SECRET_WRONG: { remedy: 'storage', retryable: false },
  /** No key slot has this id. Check it against `client.keys.list()`. */
  KEY_SLOT_NOT_FOUND: { remedy: 'usage', retryable: false },
  /** No other key slot opens the storage. Add another slot before you remove this one. */
  KEY_SLOT_LAST: { remedy: 'usage', retryable: false },
  /** The storage has as many key slots as it can have. Remove one first. */
  KEY_SLOTS_FULL: { remedy: 'usage', retryable: false },
  /** The storage keeps its key in a way of its own. Use a storage that has key slots. */
  KEY_SLOTS_UNSUPPORTED: { remedy: 'usage', retryable: false },
  /** The passkey gave no secret: the person declined, or the browser or authenticator cannot do this. Offer a passphrase. */
  PASSKEY_UNAVAILABLE: { remedy: 'usage', retryable: true },
  /** The worker that runs the cryptography stopped. Try again: the client starts another one. */
  WORKER_STOPPED: { remedy: 'internal', retryable: true },
} as const;
// ANCHOR_END: codes

export type SdkErrorCode = keyof typeof SDK_ERRORS;

/**
 * The codes that stand for several causes, and `details.reason` for each cause. The doc comments say what each means and
 * what to do, as with the codes.
 */
// ANCHOR: reasons
export const ERROR_REASONS = {
  NETWORK: [
    /** No answer came, and the runtime does not tell why. Check the connection and the relay's address; try again. */
    'unreachable',
    /** This device has no network. Connect it, and try again. */
    'offline',
    /** No host has the name in the relay's address. Check its spelling, and the connection. */
    'unknown-host',
    /** Nothing listens at the relay's address. Check the port, and whether the relay runs. */
    'refused',
    /** No secure connection could be made; the message names the fault of the certificate or of TLS. Check the address and the clock, or mend the relay's certificate. */
    'tls',
    /** The relay's proxy answers that the relay is away (status 502, 503 or 504). Try again later. */
    'gateway',
    /** Another server answers: the address is wrong, or the network shows its sign-in page. Check the address, or sign in to the network. */
    'not-a-relay',
    /** The relay allows no pages of this origin, which is `details.pageOrigin`. Add it to the relay's QPC_ORIGINS. */
    'origin',
    /** The relay took the request and then sent nothing for too long. Try again. */
    'silent',
    /** The relay's answer began and never ended. Try again. */
    'broke-off',
    /** The relay was reached, and what was sent was not confirmed in time. Wait: it stays queued. */
    'unconfirmed',
  ],
  RELAY_MISBEHAVED: [
    /** The answer does not have the form that its procedure promises, or is too long. Check the versions of the relay and the SDK. */
    'malformed',
    /** The answer belongs to another question: other handles, devices, key packages or invitations than those asked for. Nothing was taken from it; tell whoever runs the relay. */
    'other-answer',
    /** The log contradicts what the relay signed, or what it took from this device. Nothing was taken from it; tell whoever runs the relay. */
    'contradictory-log',
    /** The relay announces entries, or says that it has them, and does not deliver them. Tell whoever runs the relay. */
    'withheld',
  ],
  STORE_UNAVAILABLE: [
    /** The disk or the browser's quota is full. Free some space, and try again. */
    'full',
    /** The permissions, a read-only disk or the browser's settings forbid it. Allow it, and try again. */
    'denied',
    /** Another program or tab holds the storage. End it, or wait, and try again. */
    'busy',
    /** The file is damaged or is not a database. Check the disk; if it stays damaged, use another storage. */
    'damaged',
    /** The disk or the browser failed in another way. Check the disk or restart the browser, and try again. */
    'failed',
  ],
  WASM_NOT_FOUND: [
    /** The page's content security policy forbids WebAssembly. Allow `script-src 'wasm-unsafe-eval'`. */
    'forbidden',
    /** The file could not be fetched, or is not the SDK's WebAssembly. Serve the file, or pass its address as the option `wasm`. */
    'missing',
  ],
} as const satisfies Partial<Record<SdkErrorCode, readonly string[]>>;
// ANCHOR_END: reasons

type CodeWithReasons = keyof typeof ERROR_REASONS;

/** The values that `details.reason` has, for each code that stands for several causes. */
export type ErrorReasons = { readonly [Code in CodeWithReasons]: (typeof ERROR_REASONS)[Code][number] };

type Remedy = 'usage' | 'validation' | 'crypto' | 'storage' | 'transport' | 'internal';

/**
 * The core's codes, by remedy. A test compares this list with the one that the artefact exports.
 * `CoreError` in crates/core/src/error.rs explains each code and what to do next.
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
  UNSUPPORTED_RULES: 'validation',
  ALREADY_MEMBER: 'usage',
  CANNOT_ADD_SELF: 'usage',
  CANNOT_REMOVE_SELF: 'usage',
  NOT_A_MEMBER: 'usage',
  WELCOME_NOT_FOR_US: 'validation',
  WELCOME_INVALID: 'crypto',
  GROUP_EXISTS: 'usage',
  GROUP_NOT_FOUND: 'usage',
  GROUP_NOT_LOADED: 'internal',
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
  STORE_TOO_OLD: 'storage',
  KEYS_ERASED: 'storage',
  STORE_KEY_WRONG: 'storage',
  INTERNAL: 'internal',
} as const satisfies Record<string, Remedy>;

export type CoreErrorCode = keyof typeof CORE_ERRORS;

const OURS = 'An internal error stopped this action. Try again; if it happens again, report it.';
const DAMAGED =
  'A message was damaged or forged on the way. It was ignored; ask the sender to send it again.';
const INVALID_CHANGE =
  'A member’s device made a change that is not allowed. It was ignored; ask that member to update their app.';
const LEFT_BEHIND =
  'This device can no longer follow the conversation. Ask a member to remove you and add you again.';
const WELCOME = 'An invitation does not work on this device. Ask a member to add you again.';

/** What a person is told who meets one of the core's errors: what happened, then what to do. */
const CORE_SENTENCES: Record<CoreErrorCode, string> = {
  BAD_INPUT: OURS,
  PSK_MISSING: OURS,
  GROUP_NOT_LOADED: OURS,
  INTERNAL: OURS,
  PENDING_COMMIT_EXISTS: OURS,
  NO_PENDING_COMMIT: OURS,
  STAGED_COMMIT_EXISTS: OURS,
  NO_STAGED_COMMIT: OURS,
  PENDING_PROPOSALS: OURS,
  NO_PENDING_PROPOSALS: OURS,
  STORE_CORRUPT:
    'A stored record is damaged. Check the disk; if it stays damaged, start with an empty storage.',
  STORE_ROLLED_BACK:
    'Part of the storage is older than the rest, as when a copy was put back. Start with an empty storage.',
  STORE_TOO_NEW:
    'A newer version of quicprochat wrote this storage. Update this app; in a browser, reload the page.',
  STORE_TOO_OLD:
    'An older version of quicprochat wrote this storage, and this one cannot read it. Start with an empty storage.',
  STORE_KEY_WRONG: 'This storage was sealed with another key. Put back the key that belongs to it.',
  KEYS_ERASED:
    'An older copy of this storage was put back, or a copy of it lacks keys. Ask a member to remove you and add you again.',
  WIRE_DECODE: DAMAGED,
  WRONG_GROUP: DAMAGED,
  DECRYPT_FAILED: DAMAGED,
  EPOCH_TOO_OLD:
    'A message arrived too late: this device has already deleted its keys. Ask the sender to send it again.',
  EPOCH_AHEAD: 'A message came before the changes that it builds on. Wait until those arrive.',
  REPLAYED: 'A message that was read before arrived again. It was ignored; nothing needs to be done.',
  GENERATION_TOO_FAR: 'Too many messages before this one are missing. Ask the sender to send it again.',
  OWN_MESSAGE: 'A message of this device came back. It was ignored; nothing needs to be done.',
  INVALID_COMMIT: INVALID_CHANGE,
  INVALID_PROPOSAL: INVALID_CHANGE,
  POLICY_REJECTED: INVALID_CHANGE,
  CREDENTIAL_REJECTED: 'A member could not prove who they are. Nothing was accepted; compare safety numbers.',
  CANNOT_FOLLOW: LEFT_BEHIND,
  GROUP_STUCK: LEFT_BEHIND,
  DEVICE_REVOKED: 'This device was revoked by its account. Use another device of the account.',
  KEYPACKAGE_EXPIRED:
    'The keys for adding this person have expired, or this device’s clock is wrong. Check the clock; then ask them to open their app.',
  KEYPACKAGE_INVALID:
    'The keys for adding this person are invalid, so nobody was added. Ask them to open their app; if it happens again, tell whoever runs the relay.',
  UNSUPPORTED_CIPHERSUITE:
    'This version does not support the conversation’s cipher suite. Update this app; in a browser, reload the page.',
  UNSUPPORTED_RULES:
    'Another version of quicprochat made this conversation, with other rules. Update this app, or start a new conversation.',
  ALREADY_MEMBER: 'This person is already in the conversation. Nothing needs to be done.',
  CANNOT_ADD_SELF: 'You are already in the conversation. Name other people.',
  CANNOT_REMOVE_SELF: 'You cannot remove yourself. Leave the conversation instead.',
  NOT_A_MEMBER: 'This person is no longer in the conversation. Check the list of members.',
  WELCOME_NOT_FOR_US: WELCOME,
  WELCOME_INVALID: WELCOME,
  GROUP_EXISTS: 'This conversation already exists here. Use it, or ask for a new one.',
  GROUP_NOT_FOUND: 'This conversation does not exist here. Ask a member to add you.',
  REMOVED_FROM_GROUP: 'You are no longer in this conversation. Ask a member to add you again.',
  HEALING_OVERDUE:
    'This device’s keys in the conversation are too old to send with. Renew them, then send again.',
};

/** Every code that an SDK error can have. */
export type ErrorCode = SdkErrorCode | RelayErrorCode | CoreErrorCode;

export interface QuicprochatErrorOptions {
  retryable?: boolean;
  details?: Readonly<Record<string, unknown>>;
  cause?: unknown;
}

/** The base class of every error that the SDK throws, except the reason of an aborted signal. */
export class QuicprochatError extends Error {
  override readonly name: string = 'QuicprochatError';
  readonly code: ErrorCode;
  /** Whether the same call can succeed later without changes. */
  readonly retryable: boolean;
  /** The fields that the code documents. They hold no user input and no secrets. */
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, options: QuicprochatErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.details = options.details ?? {};
  }
}

/** The call cannot work as it is: fix it. */
export class UsageError extends QuicprochatError {
  override readonly name = 'UsageError';
}

/** Bytes from outside do not follow their protocol: drop them, and tell the person if it matters. */
export class ValidationError extends QuicprochatError {
  override readonly name = 'ValidationError';
}

/** A signature, tag, key or identity is invalid: trust nothing that came with it. */
export class CryptoVerificationError extends QuicprochatError {
  override readonly name = 'CryptoVerificationError';
}

/** The storage failed. Nothing was written halfway. */
export class StorageError extends QuicprochatError {
  override readonly name = 'StorageError';
}

/** The relay rejected the call, could not be reached, or did not follow the protocol. */
export class TransportError extends QuicprochatError {
  override readonly name = 'TransportError';
}

/** A bug in quicprochat: report it, with the code. */
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

/** Makes one of the SDK's own errors, in the class of its code. A code that stands for several causes takes a reason. */
export function sdkError<Code extends CodeWithReasons>(
  code: Code,
  message: string,
  options: QuicprochatErrorOptions & { details: { reason: ErrorReasons[Code] } },
): QuicprochatError;
export function sdkError(
  code: Exclude<SdkErrorCode, CodeWithReasons>,
  message: string,
  options?: QuicprochatErrorOptions,
): QuicprochatError;
export function sdkError(code: SdkErrorCode, message: string, options: QuicprochatErrorOptions = {}) {
  const { remedy, retryable } = SDK_ERRORS[code];
  return new CLASSES[remedy](code, message, { retryable, ...options });
}

/**
 * Rebuilds an error of the core on this side of the worker. A code that this version does not know becomes INTERNAL.
 *
 * @param told what the core says, which is for `details.told`
 */
export function coreError(code: string, told: string): QuicprochatError {
  if (!isCoreErrorCode(code))
    return new InternalError('INTERNAL', CORE_SENTENCES.INTERNAL, { details: { coreCode: code, told } });
  return new CLASSES[CORE_ERRORS[code]](code, CORE_SENTENCES[code], { details: { told } });
}

/** Makes an error from one that the relay answered with. */
export function relayError(
  code: RelayErrorCode,
  message: string,
  options: { retryable: boolean; details: Readonly<Record<string, unknown>> },
): TransportError {
  return new TransportError(code, message, options);
}

/** The fields of an error that are stored, so that another tab or process can throw it again. */
export type StoredError = Pick<QuicprochatError, 'code' | 'message' | 'retryable' | 'details'>;

/** Rebuilds a stored error. */
export function errorFrom({
  code,
  message,
  ...options
}: StoredError & { cause?: unknown }): QuicprochatError {
  return new CLASSES[remedyOf(code)](code, message, options);
}

/** Returns `details.reason` of an error with this code; undefined of any other error. */
export function reasonOf<Code extends CodeWithReasons>(
  error: unknown,
  code: Code,
): ErrorReasons[Code] | undefined {
  return hasCode(error, code) ? (error.details['reason'] as ErrorReasons[Code]) : undefined;
}

/** Whether the error has one of these codes. */
export function hasCode<Code extends ErrorCode>(
  error: unknown,
  ...codes: readonly Code[]
): error is QuicprochatError & { code: Code } {
  return error instanceof QuicprochatError && (codes as readonly ErrorCode[]).includes(error.code);
}

/** The kinds of the core's errors that say something about what it was given. */
const ABOUT_INPUT: ReadonlySet<Remedy> = new Set<Remedy>(['validation', 'crypto', 'usage']);

/**
 * Whether the error is a verdict on the core's input. Our own faults (the storage, the worker, a client that is closed,
 * INTERNAL) are not: they never decide that an entry or a Welcome is bad.
 */
export function isAboutInput(error: unknown): error is QuicprochatError & { code: CoreErrorCode } {
  // Some of the relay's codes have the names of the core's.
  if (!(error instanceof QuicprochatError) || error instanceof TransportError) return false;
  const remedies: Partial<Record<string, Remedy>> = CORE_ERRORS;
  const remedy = remedies[error.code];
  return remedy !== undefined && ABOUT_INPUT.has(remedy);
}

/**
 * Returns a sentence or two about an error for a person to read: the error's own message, never a stack. Of an error that
 * is not the SDK's, nothing is known but whether it comes from an AbortSignal.
 */
export function toSentence(error: unknown): string {
  if (error instanceof QuicprochatError) return error.message;
  // Of another window it is no Error of this one.
  switch ((error as { name?: unknown } | null | undefined)?.name) {
    case 'AbortError':
      return 'This action was cancelled.';
    case 'TimeoutError':
      return 'This action was stopped because it took too long. Try again.';
    default:
      return 'An unexpected error stopped this action, which may have taken effect all the same. Check that before you try again, and report the error.';
  }
}

function remedyOf(code: ErrorCode): Remedy {
  if (Object.hasOwn(SDK_ERRORS, code)) return SDK_ERRORS[code as SdkErrorCode].remedy;
  return isCoreErrorCode(code) ? CORE_ERRORS[code] : 'transport';
}

function isCoreErrorCode(code: string): code is CoreErrorCode {
  return Object.hasOwn(CORE_ERRORS, code);
}
