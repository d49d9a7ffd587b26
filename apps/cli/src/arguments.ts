import { parseArgs } from 'node:util';
import { nameOf, type Command } from './command.ts';
import { CliError } from './errors.ts';

/** What every command understands, before or after its name. */
const GLOBAL = {
  home: { type: 'string', help: 'the folder of the account (default: QPC_HOME, or ~/.qpc)' },
  json: { type: 'boolean', help: 'one JSON object a line, for programs' },
  help: { type: 'boolean', help: 'this help' },
  version: { type: 'boolean', help: 'the version' },
} as const;

export interface Parsed {
  command: Command | undefined;
  words: string[];
  options: Record<string, string | boolean | undefined>;
}

/**
 * Reads a command line strictly: what is not understood is refused, never guessed.
 *
 * @throws {CliError} USAGE
 */
export function parse(argv: readonly string[], commands: readonly Command[]): Parsed {
  const all = Object.assign({}, GLOBAL, ...commands.map(({ options }) => options ?? {})) as Record<
    string,
    { type: 'string' | 'boolean' }
  >;
  const types = Object.fromEntries(Object.entries(all).map(([name, { type }]) => [name, { type }]));
  const { values, positionals } = strictly(() =>
    parseArgs({ args: [...argv], options: types, allowPositionals: true, strict: true }),
  );
  const options = values as Parsed['options'];
  const [name, ...words] = positionals;
  if (name === undefined || name === 'help')
    return { command: find(words[0], commands), words, options: { ...options, help: true } };
  const command = find(name, commands);
  if (command === undefined) throw new CliError('USAGE', `There is no command “${name}”: see qpc --help.`);
  if (options['help'] !== true) requireFit(command, words, options);
  return { command, words, options };
}

export function helpFor(command: Command | undefined, commands: readonly Command[]): string {
  if (command !== undefined)
    return [`qpc ${command.usage}`, '', command.summary, ...optionLines(command.options)].join('\n');
  const width = Math.max(...commands.map(({ usage }) => usage.length));
  return [
    'qpc: end-to-end encrypted group chat that heals itself, in the terminal',
    '',
    'qpc [--home DIR] [--json] COMMAND',
    '',
    ...commands.map(({ usage, summary }) => `  ${usage.padEnd(width)}  ${summary}`),
    ...optionLines(GLOBAL),
    '',
    'CONVERSATION is an id or a name. Exit codes: 0 done, 1 refused or failed, 2 usage, 3 home or configuration,',
    '4 the relay cannot be reached, 130 interrupted.',
  ].join('\n');
}

function optionLines(options: Command['options'] = {}): string[] {
  const entries = Object.entries(options);
  if (entries.length === 0) return [];
  const names = entries.map(([name, { type }]) =>
    type === 'string' ? `--${name} ${name.toUpperCase()}` : `--${name}`,
  );
  const width = Math.max(...names.map((name) => name.length));
  return ['', ...entries.map(([, { help }], i) => `  ${(names[i] ?? '').padEnd(width)}  ${help}`)];
}

function find(name: string | undefined, commands: readonly Command[]): Command | undefined {
  return commands.find((command) => nameOf(command) === name);
}

function requireFit(command: Command, words: readonly string[], options: Parsed['options']): void {
  const { min, max } = command.words;
  if (words.length < min || words.length > max)
    throw new CliError('USAGE', `Use it so: qpc ${command.usage}`);
  const allowed = new Set([...Object.keys(GLOBAL), ...Object.keys(command.options ?? {})]);
  const foreign = Object.keys(options).find((name) => !allowed.has(name));
  if (foreign !== undefined)
    throw new CliError('USAGE', `--${foreign} means nothing here: qpc ${command.usage}`);
}

/** The parser's own message is one sentence and repeats only what was typed as an option. */
function strictly<T>(parsing: () => T): T {
  try {
    return parsing();
  } catch (error) {
    const [sentence = 'The command line cannot be read'] = (error as Error).message.split('. ');
    throw new CliError('USAGE', `${sentence.replace(/\.$/, '')}: see qpc --help.`);
  }
}
