import type { Env } from './env.ts';
import type { Home } from './home.ts';
import type { Output } from './output.ts';

/** What a command gets: where it works, what was said, and when to stop. */
export interface Context {
  home: Home;
  output: Output;
  env: Env;
  /** What stands for the words in capitals of the command's usage, in their order. */
  words: readonly string[];
  options: Options;
  /** Aborts at SIGINT and SIGTERM. */
  signal: AbortSignal;
}

export type Options = Readonly<Record<string, string | boolean | undefined>>;

/** One option. With a `value` it takes one, and this is how help calls it; without, it is a switch. */
export interface Option {
  value?: string;
  help: string;
}

/** One command, as its file declares it. */
export interface Command {
  /**
   * As it is typed, without options: words in capitals stand for what the person says, those in brackets may be left
   * out, the rest is literal. Several commands may share a first word: `members CONVERSATION add HANDLE`.
   */
  usage: string;
  /** One line for the overview. */
  summary: string;
  /** More, for `qpc help COMMAND`. */
  details?: string;
  options?: Readonly<Record<string, Option>>;
  run(context: Context): Promise<void>;
}

/** The first word: what `qpc help` knows it by. */
export function nameOf({ usage }: Command): string {
  return usage.split(' ')[0] ?? usage;
}
