import { QuicprochatError, toSentence } from '@quicprochat/sdk';

/** What the process tells its caller. The help text and the docs repeat this table. */
export const EXIT = {
  done: 0,
  /** It was understood, and refused or failed. */
  failed: 1,
  /** The command line itself is wrong. */
  usage: 2,
  /** The home folder, the environment or the account in it is not as it must be. */
  config: 3,
  /** The relay cannot be reached. */
  network: 4,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** Failures of the command line's own, besides the SDK's. */
const EXITS = {
  USAGE: EXIT.usage,
  CONFIG: EXIT.config,
  TIMEOUT: EXIT.failed,
  NETWORK: EXIT.network,
  INTERRUPTED: EXIT.interrupted,
} as const;

export class CliError extends Error {
  readonly code: string;
  readonly exit: ExitCode;

  constructor(code: keyof typeof EXITS, message: string) {
    super(message);
    this.code = code;
    this.exit = EXITS[code];
  }
}

/** SDK codes that say something about the home and not about the command. */
const CONFIG_CODES = [
  'NOT_REGISTERED',
  'HANDLE_MISMATCH',
  'RELAY_MISMATCH',
  'STORE_UNAVAILABLE',
  'STORE_VERSION',
  'STORE_CORRUPT',
  'STORE_TOO_NEW',
  'UNSUPPORTED_RUNTIME',
];

/** A failure as it is shown: its stable code, one sentence, and the exit code. Never a stack. */
export function describe(error: unknown): { code: string; message: string; exit: ExitCode } {
  if (error instanceof CliError) return { code: error.code, message: error.message, exit: error.exit };
  const message = toSentence(error);
  if (!(error instanceof QuicprochatError)) return { code: 'INTERNAL', message, exit: EXIT.failed };
  const { code } = error;
  if (code === 'NETWORK') return { code, message, exit: EXIT.network };
  return { code, message, exit: CONFIG_CODES.includes(code) ? EXIT.config : EXIT.failed };
}
