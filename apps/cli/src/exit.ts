import { QuicprochatError } from '@quicprochat/sdk';
import { sentenceFor } from './sentences.ts';

/** What the process tells its caller. `qpc --help` and docs/src/terminal.md repeat this table; a test compares them. */
export const EXIT = {
  done: 0,
  /** It was understood, and refused or failed. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The home folder, the environment or the account in it is not as it must be. */
  config: 3,
  /** The relay cannot be reached, is none, or speaks another protocol. */
  network: 4,
  /** The home opens only with a passphrase, and none or a wrong one was given. */
  locked: 5,
  interrupted: 130,
  terminated: 143,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Failures of the command line's own, besides the SDK's. */
const OWN_CODES = {
  /** The command line cannot be understood: see `qpc --help`. */
  USAGE: EXIT.usage,
  /** A file or variable is malformed, or the home folder cannot be used. The message names it. */
  CONFIG: EXIT.config,
  /** Nobody is registered in this home: `qpc register`. */
  NOT_REGISTERED: EXIT.config,
  /** Fewer messages than asked for came in time. Listen again. */
  TIMEOUT: EXIT.failed,
  /** The receipts do not prove a fork. Compare others, of one sequence. */
  NOT_PROVEN: EXIT.failed,
  /** The relay was not reached while listening. Listen again. */
  NETWORK: EXIT.network,
  /** The message or change was cancelled before it was sent, by another program with this home. */
  CANCELLED: EXIT.interrupted,
  /** SIGINT came first. What had been handed to the relay stays there. */
  INTERRUPTED: EXIT.interrupted,
  /** SIGTERM came first. */
  TERMINATED: EXIT.terminated,
} as const;

/** A failure of the command line's own. */
export class CliError extends Error {
  readonly code: keyof typeof OWN_CODES;
  readonly exit: ExitCode;

  constructor(code: keyof typeof OWN_CODES, message: string) {
    super(message);
    this.code = code;
    this.exit = OWN_CODES[code];
  }
}

/** SDK codes that say something about the home, the relay's address or the connection, and not about the command. */
const SDK_EXITS: Record<string, ExitCode> = {
  NOT_REGISTERED: EXIT.config,
  HANDLE_MISMATCH: EXIT.config,
  RELAY_MISMATCH: EXIT.config,
  STORE_UNAVAILABLE: EXIT.config,
  STORE_VERSION: EXIT.config,
  STORE_CORRUPT: EXIT.config,
  STORE_ROLLED_BACK: EXIT.config,
  STORE_KEY_MISSING: EXIT.config,
  STORE_KEY_WRONG: EXIT.config,
  STORE_TOO_NEW: EXIT.config,
  STORE_TOO_OLD: EXIT.config,
  KEYS_ERASED: EXIT.config,
  STORE_LOCKED: EXIT.locked,
  PASSPHRASE_WRONG: EXIT.locked,
  SECRET_WRONG: EXIT.locked,
  UNSUPPORTED_RUNTIME: EXIT.config,
  WORKER_NOT_FOUND: EXIT.config,
  WASM_NOT_FOUND: EXIT.config,
  NETWORK: EXIT.network,
  UNAVAILABLE: EXIT.network,
  RELAY_MISBEHAVED: EXIT.network,
  PROTOCOL_VERSION_MISMATCH: EXIT.network,
};

/** A failure as it is shown: its stable code, a sentence or two, and the exit code. Never a stack. */
export function describe(error: unknown, relay?: string): { code: string; message: string; exit: ExitCode } {
  if (error instanceof CliError) return { code: error.code, message: error.message, exit: error.exit };
  const message = sentenceFor(error, relay);
  if (error instanceof Error && error.name === 'AbortError')
    return { code: 'CANCELLED', message, exit: OWN_CODES.CANCELLED };
  if (!(error instanceof QuicprochatError)) return { code: 'INTERNAL', message, exit: EXIT.failed };
  return { code: error.code, message, exit: SDK_EXITS[error.code] ?? EXIT.failed };
}

/** Whether the relay could not be asked: what is stored can be shown all the same. */
export function isOffline(error: unknown): boolean {
  return error instanceof QuicprochatError && SDK_EXITS[error.code] === EXIT.network;
}
