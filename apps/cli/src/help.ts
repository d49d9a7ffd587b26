import { GLOBAL_OPTIONS } from './arguments.ts';
import type { Command, Option } from './command.ts';
import { EXIT, type ExitCode } from './exit.ts';

const ENVIRONMENT = {
  QPC_HOME: 'the folder of the account, if --home is not given',
  QPC_RELAY: 'the relay to register at, if --relay is not given',
  QPC_PASSPHRASE: 'what opens a locked home, if --passphrase-fd is not given',
  QPC_NEW_PASSPHRASE: 'for qpc keys: the passphrase to add, if --new-passphrase-fd is not given',
  QPC_UPDATE_AFTER_MESSAGES: 'make fresh keys after this many messages in a conversation (default 100)',
  QPC_UPDATE_AFTER_MS:
    'make fresh keys after this many milliseconds, if there was activity (default 3600000)',
};

/** Every exit code, with its meaning. */
export const EXIT_CODES: Record<ExitCode, string> = {
  [EXIT.done]: 'done',
  [EXIT.failed]: 'refused or failed',
  [EXIT.usage]: 'the command line is wrong',
  [EXIT.config]: 'the home, its account or the environment is not usable; the error names the fault',
  [EXIT.network]: 'the relay cannot be reached, or is too old or too new',
  [EXIT.locked]: 'the home is locked, and no passphrase or a wrong one was given',
  [EXIT.interrupted]: 'interrupted (SIGINT)',
  [EXIT.terminated]: 'terminated (SIGTERM)',
};

/** The help for the commands of one name, or the overview where there are none. */
export function helpFor(about: readonly Command[], all: readonly Command[]): string {
  if (about.length === 0) return overview(all);
  return [
    ...about.map(inFull),
    'Every command also takes --home DIR, --passphrase-fd N and --json. See qpc --help.',
  ].join('\n\n');
}

function overview(commands: readonly Command[]): string {
  const lines = commands.flatMap((command) => [`  ${usageOf(command)}`, `      ${command.summary}`]);
  return [
    'qpc: end-to-end encrypted group chat that heals itself, in the terminal',
    '',
    'qpc [--home DIR] [--json] COMMAND',
    '',
    ...lines,
    '',
    'CONVERSATION is an id or a name. Put “--” before a TEXT that starts with “-”.',
    ...section('Options of every command', optionColumns(GLOBAL_OPTIONS)),
    ...section('Environment', ENVIRONMENT),
    ...section('Exit codes', EXIT_CODES),
  ].join('\n');
}

function inFull(command: Command): string {
  const { summary, details, options } = command;
  return [
    `qpc ${usageOf(command)}`,
    '',
    `${summary[0]?.toUpperCase() ?? ''}${summary.slice(1)}.`,
    ...(details === undefined ? [] : [details]),
    ...(options === undefined ? [] : section('Options', optionColumns(options))),
  ].join('\n');
}

function usageOf({ usage, options = {} }: Command): string {
  return [usage, ...Object.entries(options).map(([name, option]) => `[${typed(name, option)}]`)].join(' ');
}

function optionColumns(options: Readonly<Record<string, Option | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(options).map(([name, option]) => [typed(name, option), option?.help ?? '']),
  );
}

function typed(name: string, option: Option | undefined): string {
  return option?.value === undefined ? `--${name}` : `--${name} ${option.value}`;
}

function section(title: string, rows: Readonly<Record<string, string>>): string[] {
  const width = Math.max(...Object.keys(rows).map((key) => key.length));
  return ['', `${title}:`, ...Object.entries(rows).map(([key, text]) => `  ${key.padEnd(width)}  ${text}`)];
}
