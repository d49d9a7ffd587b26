import { parseArgs } from 'node:util';
import { nameOf, type Command, type Option, type Options } from './command.ts';
import { CliError } from './exit.ts';

/** What every command understands, before or after its name. */
export const GLOBAL_OPTIONS: Readonly<Record<string, Option>> = {
  home: { value: 'DIR', help: 'the folder of the account (default: QPC_HOME, or ~/.qpc)' },
  'passphrase-fd': {
    value: 'N',
    help: 'read the passphrase of a locked home from this file descriptor (default: QPC_PASSPHRASE)',
  },
  json: { help: 'print one JSON object per line, for programs' },
  help: { help: 'explain a command, or show this overview' },
  version: { help: 'print the version of qpc' },
};

/** What a command line asks for. `about` is all commands with one name, or nothing for the overview. */
export type Parsed =
  | { kind: 'command'; command: Command; words: string[]; options: Options }
  | { kind: 'help'; about: readonly Command[] }
  | { kind: 'version' };

/** Whether answers are for a program: known before the line is understood, since its errors are answers as well. */
export function wantsJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/**
 * Reads a command line strictly: what is not understood is refused, never guessed.
 *
 * @throws {CliError} USAGE
 */
export function parse(argv: readonly string[], commands: readonly Command[]): Parsed {
  const { values: options, positionals } = split(argv, commands);
  const [name, ...words] = positionals;
  if (options['version'] === true) return { kind: 'version' };
  if (name === 'help') return { kind: 'help', about: topic(words, commands) };
  if (options['help'] === true)
    return { kind: 'help', about: name === undefined ? [] : named(name, commands) };
  if (name === undefined) throw new CliError('USAGE', 'No command was given. See qpc --help.');
  const { command, said } = choose(named(name, commands), words);
  refuseForeign(options, command);
  return { kind: 'command', command, words: said, options };
}

function split(
  argv: readonly string[],
  commands: readonly Command[],
): { values: Options; positionals: string[] } {
  const known = Object.assign(
    {},
    GLOBAL_OPTIONS,
    ...commands.map(({ options }) => options),
  ) as typeof GLOBAL_OPTIONS;
  const options = Object.fromEntries(
    Object.entries(known).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ('boolean' as const) : ('string' as const) },
    ]),
  );
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      allowPositionals: true,
      strict: true,
    });
    return { values: values, positionals };
  } catch (error) {
    // The parser's first sentence tells what is wrong; the rest is advice for other programs than this.
    const [sentence = 'The command line is malformed'] = (error as Error).message.split(/[.\n]/);
    throw new CliError('USAGE', `${sentence}. See qpc --help.`);
  }
}

function topic(words: readonly string[], commands: readonly Command[]): readonly Command[] {
  const [name, ...more] = words;
  if (name === undefined) return [];
  const found = named(name, commands).filter(({ usage }) => {
    const literal = usage.split(' ').filter((word) => word === word.toLowerCase());
    return more.every((word, i) => literal[i + 1] === word);
  });
  if (found.length > 0) return found;
  throw new CliError('USAGE', `There is no command “${words.join(' ')}”. See qpc help ${name}.`);
}

function named(name: string, commands: readonly Command[]): readonly Command[] {
  const found = commands.filter((command) => nameOf(command) === name);
  if (found.length === 0) throw new CliError('USAGE', `There is no command “${name}”. See qpc --help.`);
  return found;
}

/** The command whose usage the words fit. No two usages with one name fit the same words. */
function choose(
  candidates: readonly Command[],
  words: readonly string[],
): { command: Command; said: string[] } {
  for (const command of candidates) {
    const said = fit(command.usage.split(' ').slice(1), words);
    if (said !== undefined) return { command, said };
  }
  const usages = candidates.map(({ usage }) => `qpc ${usage}`);
  throw new CliError('USAGE', `Usage: ${usages.join(', or ')}`);
}

/** What was said for the placeholders of a usage; undefined where the words do not fit it. */
function fit(pattern: readonly string[], words: readonly string[]): string[] | undefined {
  if (words.length > pattern.length) return undefined;
  const said: string[] = [];
  for (const [i, token] of pattern.entries()) {
    const word = words[i];
    if (word === undefined && !token.startsWith('[')) return undefined;
    if (word === undefined) continue;
    if (/^\[?[A-Z]/.test(token)) said.push(word);
    else if (word !== token) return undefined;
  }
  return said;
}

function refuseForeign(options: Options, command: Command): void {
  const allowed = { ...GLOBAL_OPTIONS, ...command.options };
  const foreign = Object.keys(options).find((name) => !(name in allowed));
  if (foreign !== undefined)
    throw new CliError('USAGE', `This command has no option --${foreign}. Usage: qpc ${command.usage}`);
}
