import { QuicprochatError } from '@quicprochat/sdk';
import { parse, wantsJson, type Parsed } from './arguments.ts';
import { COMMANDS } from './commands.ts';
import { readEnv } from './env.ts';
import { CliError, describe, EXIT, type ExitCode } from './exit.ts';
import { helpFor } from './help.ts';
import { Home } from './home.ts';
import { Output } from './output.ts';
import { passphraseFrom } from './passphrase.ts';
import { VERSION } from './version.ts';

/** How long a command that was interrupted may take to put things away. A crash would not harm the home either. */
const GRACE_MS = 2_000;

/** Runs one command line. Everything that goes wrong ends here, as one sentence and an exit code. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  // What SQLite writes beside the database is for the owner alone, too.
  process.umask(0o077);
  const output = new Output(wantsJson(argv));
  endQuietlyWhenNobodyReads();
  showNoStacks(output);
  try {
    const parsed = parse(argv, COMMANDS);
    if (parsed.kind === 'command') return await runCommand(parsed, output);
    const text = parsed.kind === 'version' ? VERSION : helpFor(parsed.about, COMMANDS);
    await output.result({ [parsed.kind]: text }, ...text.split('\n'));
    return EXIT.done;
  } catch (error) {
    return fail(error, output);
  }
}

async function runCommand(parsed: Parsed & { kind: 'command' }, output: Output): Promise<ExitCode> {
  const { command, words, options } = parsed;
  const interruption = new AbortController();
  const { signal } = interruption;
  // Once each: who presses Ctrl+C a second time wants no more patience, and gets Node's own answer.
  process.once('SIGINT', () => interruption.abort(new CliError('INTERRUPTED', 'Interrupted.')));
  process.once('SIGTERM', () =>
    interruption.abort(new CliError('TERMINATED', 'A signal ended this command.')),
  );

  const env = readEnv(process.env);
  const home = new Home(options['home'] as string | undefined, env);
  const run = async () => {
    home.passphrase = await passphraseFrom('passphrase-fd', {
      descriptor: options['passphrase-fd'] as string | undefined,
      variable: env.QPC_PASSPHRASE,
      signal,
    });
    await command.run({ home, output, env, words, options, signal });
  };
  try {
    await Promise.race([run(), outOfGrace(signal)]);
  } catch (error) {
    const described = describe(error, home.relayAsked);
    await output.failure(described);
    // A command that was interrupted too late says so, and ends as an interrupted one.
    if (!hasBegun(error)) return described.exit;
  }
  return signal.aborted ? describe(signal.reason).exit : EXIT.done;
}

function hasBegun(error: unknown): boolean {
  return error instanceof QuicprochatError && error.code === 'TOO_LATE_TO_CANCEL';
}

/** Rejects with the reason of the interruption when the grace after it is over. */
function outOfGrace(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const startGrace = () => {
      setTimeout(() => reject(signal.reason as CliError), GRACE_MS);
    };
    signal.addEventListener('abort', startGrace, { once: true });
  });
}

async function fail(error: unknown, output: Output): Promise<ExitCode> {
  const described = describe(error);
  await output.failure(described);
  return described.exit;
}

/** `qpc listen | head -1`: the reader is gone, and that is no failure. */
function endQuietlyWhenNobodyReads(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
    });
  }
}

/** What slips past every handler is a fault of ours; it ends the process as any failure does. */
function showNoStacks(output: Output): void {
  const end = (error: unknown) => void fail(error, output).then((exit) => process.exit(exit));
  process.on('uncaughtException', end);
  process.on('unhandledRejection', end);
}
