import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url));

interface Run {
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
  { umask, until, then }: Run = {},
): Promise<{ exit: number | null; output: string }> {
  const command = ['exec', process.execPath, '--conditions=@quicprochat/source', MAIN];
  const script = [...(umask === undefined ? [] : [`umask ${umask};`]), ...command].join(' ');
  const child = spawn('/bin/sh', ['-c', script], { env: { PATH: process.env['PATH'] ?? '', ...env } });
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
