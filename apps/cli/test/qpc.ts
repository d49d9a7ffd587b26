import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { eventually } from '@quicprochat/testkit';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** What one qpc process did. */
export interface Result {
  exit: number | null;
  /** The signal that ended it, where one did. */
  signal: NodeJS.Signals | null;
  /** What it printed with --json, a record a line. */
  lines: Record<string, unknown>[];
  stdout: string;
  stderr: string;
}

/** A qpc process under way. */
export interface Running {
  result: Promise<Result>;
  /** Resolves when it has printed so many lines. */
  printed(lines: number): Promise<void>;
  /** Resolves when it has said this on stderr. */
  told(text: string): Promise<void>;
  kill(signal: 'SIGINT' | 'SIGTERM' | 'SIGKILL'): void;
  /** Closes the reading end of its output, as `| head` does. */
  stopReading(): void;
}

export interface RunOptions {
  env?: Record<string, string>;
  cwd?: string;
  /** What the process can read from the file descriptors 3, 4 and so on. One that is undefined says nothing, and has no end. */
  descriptors?: readonly (string | Uint8Array | undefined)[];
}

/** Starts qpc as a shell would: another process, its words, nothing of our environment but what is given. */
export function start(
  words: readonly string[],
  { env = {}, cwd, descriptors = [] }: RunOptions = {},
): Running {
  const child = spawn(process.execPath, ['--conditions=@quicprochat/source', MAIN, ...words], {
    env: { PATH: process.env['PATH'] ?? '', HOME: '/nonexistent', ...env },
    stdio: ['ignore', 'pipe', 'pipe', ...descriptors.map(() => 'pipe' as const)],
    ...(cwd !== undefined && { cwd }),
  });
  for (const [n, content] of descriptors.entries()) {
    const pipe = child.stdio[n + 3] as Writable;
    // A process that refuses its command line reads nothing.
    pipe.on('error', () => undefined);
    if (content !== undefined) pipe.end(content);
  }
  let [stdout, stderr] = ['', ''];
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => (stdout += chunk));
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => (stderr += chunk));
  const result = new Promise<Result>((resolve) => {
    child.once('close', (exit, signal) => {
      const ownWords = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined);
      const lines = ownWords.includes('--json') ? parseLines(stdout) : [];
      resolve({ exit, signal, stdout, stderr, lines });
    });
  });
  return {
    result,
    printed: (lines) =>
      eventually(`${lines} lines of qpc ${words.join(' ')}`, () => stdout.split('\n').length > lines),
    told: (text) => eventually(`“${text}” of qpc ${words.join(' ')}`, () => stderr.includes(text)),
    kill: (signal) => child.kill(signal),
    stopReading: () => child.stdout?.destroy(),
  };
}

/** Runs qpc to its end. */
export function qpc(words: readonly string[], options: RunOptions = {}): Promise<Result> {
  return start(words, options).result;
}

function parseLines(stdout: string): Record<string, unknown>[] {
  const complete = stdout.split('\n').filter((line) => line !== '');
  return complete.map((line) => JSON.parse(line) as Record<string, unknown>);
}
