import { QuicprochatError, toSentence, type ErrorCode, type ErrorReasons } from '@quicprochat/sdk';

/** A fault of how this site was put up, with a sentence about it. Nobody but its operator can mend it. */
export class SiteError extends Error {
  override readonly name = 'SiteError';
}

const FILE_MISSING =
  'A file of this site could not be loaded. Reload the page; if this comes back, tell whoever runs this site.';

const WASM: Record<ErrorReasons['WASM_NOT_FOUND'], string> = {
  forbidden:
    "This page may not run WebAssembly, which it needs. Tell whoever runs this site: its content security policy must allow script-src 'wasm-unsafe-eval'. If you use an extension that blocks scripts, allow this site.",
  missing: FILE_MISSING,
};

/** The SDK tells programs which call to change. Where its sentence does that, the page says what a person can do here. */
const SENTENCES: Partial<Record<ErrorCode, string | ((error: QuicprochatError) => string)>> = {
  NOT_REGISTERED: 'This browser holds no account any more. Reload the page, and choose a handle.',
  HANDLE_MISMATCH: 'This browser holds the account of another handle. Reload the page to open it.',
  RELAY_MISMATCH:
    'The account in this browser belongs to another relay than this site uses now. Tell whoever runs this site.',
  CLOSED: 'Your account was closed in this page. Reload the page to open it again.',
  WORKER_NOT_FOUND: FILE_MISSING,
  WORKER_STOPPED:
    'The part of this page that holds your keys has stopped, and is started again. Try again; if that does not help, reload the page.',
  WASM_NOT_FOUND: ({ details }) => WASM[details['reason'] as ErrorReasons['WASM_NOT_FOUND']],
  STORE_CONTENTION:
    'Another tab keeps changing your account. Close the other tabs of this site, then try again.',
  STORE_KEY_MISSING:
    'The key of your account is missing or damaged. Put this browser’s data back as it was: without the key, the account cannot be opened.',
  STORE_KEY_WRONG:
    'The key in this browser belongs to another account. Put this browser’s data back as it was, or use another profile.',
  STORE_CORRUPT:
    'A part of your account in this browser is damaged. Restart the browser; if it stays damaged, use another profile.',
  STORE_ROLLED_BACK:
    'A part of your account in this browser is older than the rest. Use another browser profile for a new account.',
  STORE_TOO_OLD:
    'An older version of this page wrote your account, and this one cannot read it. Use another browser profile for a new account.',
  STORE_LOCKED: 'Your account is locked, and this page cannot unlock it. Use the app that locked it.',
  PASSPHRASE_WRONG: 'This passphrase is wrong. Nothing was changed; try again.',
  SECRET_WRONG: 'This passkey does not open your account. Nothing was changed; try another one.',
  KEY_SLOTS_UNSUPPORTED: 'This browser keeps your key in a way of its own. Use another browser profile.',
  KEYS_ERASED:
    'An older copy of your account was put back in this browser. Ask a member to remove you and add you again.',
  TOO_LATE_TO_CANCEL:
    'It was too late to cancel: this was already on its way, and may still take effect. Check the conversation in a moment.',
};

/** What certain errors mean in one place of the page, if that place knows better. */
export type OwnSentences = Partial<Record<ErrorCode, string>>;

/** What went wrong and what to do next. Undefined of an abort: the person who cancelled knows. */
export function sentenceFor(error: unknown, own: OwnSentences = {}): string | undefined {
  if (isAbort(error)) return undefined;
  if (error instanceof SiteError) return error.message;
  if (!(error instanceof QuicprochatError)) return toSentence(error);
  const ours = own[error.code] ?? SENTENCES[error.code];
  if (ours !== undefined) return typeof ours === 'function' ? ours(error) : ours;
  // A browser does not tell a page why no answer came, but it knows whether there is a network.
  const isOffline = error.code === 'NETWORK' && typeof navigator !== 'undefined' && !navigator.onLine;
  return isOffline ? 'This device has no network. Connect it, then try again.' : toSentence(error);
}

/** Whether this is how a promise tells that it was cancelled. */
export function isAbort(error: unknown): boolean {
  return (error as { name?: unknown } | undefined)?.name === 'AbortError';
}

const STORAGE: Record<ErrorReasons['STORE_UNAVAILABLE'], string> = {
  full: 'There is no space left in this browser',
  denied: 'This browser does not let this site store data',
  busy: 'Your account is in use elsewhere',
  damaged: 'Your account is damaged',
  failed: 'This browser’s storage failed',
};

/** What is in the way if the account cannot be opened, as a title. */
export function titleFor(error: unknown): string {
  if (error instanceof SiteError) return 'This site is not set up';
  if (!(error instanceof QuicprochatError)) return OPENING_FAILED;
  switch (error.code) {
    case 'STORE_UNAVAILABLE':
      return STORAGE[error.details['reason'] as ErrorReasons['STORE_UNAVAILABLE']];
    case 'WASM_NOT_FOUND':
      return error.details['reason'] === 'forbidden'
        ? 'WebAssembly is blocked'
        : 'A file of this site is missing';
    case 'WORKER_NOT_FOUND':
      return 'A file of this site is missing';
    case 'UNSUPPORTED_RUNTIME':
      return 'This browser cannot run this page';
    default:
      return OPENING_FAILED;
  }
}

const OPENING_FAILED = 'Your account could not be opened';
