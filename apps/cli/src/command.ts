import type { Env } from './env.ts';
import type { Home } from './home.ts';
import type { Output } from './output.ts';

/** What a command gets: where it works, what was said, and when to stop. */
export interface Context {
  home: Home;
  output: Output;
  env: Env;
  /** The words after the command's name, as many as `positionals` allows. */
  words: readonly string[];
  options: Readonly<Record<string, string | boolean | undefined>>;
  /** Aborts at SIGINT. */
  signal: AbortSignal;
}

/** One command, as its file declares it. */
export interface Command {
  /** As it is typed, with its words: `send CONVERSATION TEXT`. The first word names it. */
  usage: string;
  /** One line for the overview. */
  summary: string;
  /** The fewest and the most words after the name. */
  words: { min: number; max: number };
  options?: Readonly<Record<string, { type: 'string' | 'boolean'; help: string }>>;
  run(context: Context): Promise<void>;
}

export function nameOf({ usage }: Command): string {
  return usage.split(' ')[0] ?? usage;
}
