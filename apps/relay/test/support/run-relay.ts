import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const SOURCES = fileURLToPath(new URL('../../src/', import.meta.url));

interface Run {
  /** The program; default: the one that serves. */
  entry?: 'main.ts' | 'qpc-relay.ts';
  /** What stands after the program. */
  words?: string[];
  /** What it is run under; default: the test's own. */
  umask?: string;
  /** Once it has printed this, it is told to stop. Else it is waited for. */
  until?: string;
  /** Called before it is told to stop. */
  then?: () => void;
}

/** Runs a relay process with this environment and nothing else to its end. */
export async function runRelay(
  env: Record<string, string>,
  { entry = 'main.ts', words = [], umask, until, then }: Run = {},
): Promise<{ exit: number | null; output: string }> {
  const command = [process.execPath, '--conditions=@quicprochat/source', SOURCES + entry, ...words];
  const script = `${umask === undefined ? '' : `umask ${umask}; `}exec "$@"`;
  const child = spawn('/bin/sh', ['-c', script, 'sh', ...command], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
  });
  let output = '';
  let told = false;
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      output += chunk.toString();
      if (told || until === undefined || !output.includes(until)) return;
      told = true;
      then?.();
      child.kill('SIGTERM');
    });
  const [exit] = (await once(child, 'close')) as [number | null];
  return { exit, output: output.trim() };
}
