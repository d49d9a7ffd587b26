import { helpFor, parse, type Parsed } from './arguments.ts';
import type { Command } from './command.ts';
import { conversations } from './commands/conversations.ts';
import { leave } from './commands/leave.ts';
import { listen } from './commands/listen.ts';
import { members } from './commands/members.ts';
import { register } from './commands/register.ts';
import { security } from './commands/security.ts';
import { send } from './commands/send.ts';
import { update } from './commands/update.ts';
import { verify } from './commands/verify.ts';
import { readEnv } from './env.ts';
import { CliError, describe, EXIT, type ExitCode } from './errors.ts';
import { Home } from './home.ts';
import { Output } from './output.ts';
import { VERSION } from './version.ts';

const COMMANDS: readonly Command[] = [
  register,
  conversations,
  send,
  listen,
  members,
  update,
  leave,
  security,
  verify,
];

/** Runs one command line. Everything that goes wrong ends here, as one sentence and an exit code. */
export async function run(argv: readonly string[]): Promise<ExitCode> {
  const output = new Output(argv.includes('--json'));
  endQuietlyWhenNobodyReads();
  try {
    const parsed = parse(argv, COMMANDS);
    if (parsed.options['version'] === true) {
      output.result({ version: VERSION }, VERSION);
      return EXIT.done;
    }
    if (parsed.command === undefined || parsed.options['help'] === true) {
      output.result({ help: helpFor(parsed.command, COMMANDS) }, helpFor(parsed.command, COMMANDS));
      return parsed.command === undefined && argv.length === 0 ? EXIT.usage : EXIT.done;
    }
    return await runCommand(parsed.command, parsed, output);
  } catch (error) {
    const described = describe(error);
    output.failure(described);
    return described.exit;
  }
}

async function runCommand(command: Command, { words, options }: Parsed, output: Output): Promise<ExitCode> {
  const interruption = new AbortController();
  const interrupt = () => {
    interruption.abort(new CliError('INTERRUPTED', 'Interrupted.'));
  };
  process.once('SIGINT', interrupt);
  process.once('SIGTERM', interrupt);
  try {
    const env = readEnv(process.env);
    const home = new Home(options['home'] as string | undefined, env);
    await command.run({ home, output, env, words, options, signal: interruption.signal });
    return interruption.signal.aborted ? EXIT.interrupted : EXIT.done;
  } finally {
    process.off('SIGINT', interrupt);
    process.off('SIGTERM', interrupt);
  }
}

/** `qpc listen | head -1`: the reader is gone, and that is no failure. */
function endQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    process.exit(error.code === 'EPIPE' ? EXIT.done : EXIT.failed);
  });
}
