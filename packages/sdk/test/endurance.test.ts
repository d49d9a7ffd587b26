import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Runs a proof's program in small, to see that it works. `pnpm prove soak` and `pnpm prove offline` run all of it. */
async function play(program: string, { env, signal }: { env: Record<string, string>; signal: AbortSignal }) {
  const path = fileURLToPath(new URL(`${program}/main.ts`, import.meta.url));
  const flags = ['--expose-gc', '--conditions=@quicprochat/source', '--disable-warning=ExperimentalWarning'];
  const options = { env: { ...process.env, ...env }, signal };
  return (await promisify(execFile)(process.execPath, [...flags, path], options)).stdout;
}

test('eight clients whose calls fail and whose relay is killed show each other everything', async ({
  signal,
}) => {
  const said = await play('soak', { env: { QPC_SOAK_MINUTES: '0.1' }, signal });
  expect(said).toContain('relay stopped 0 times and killed 1,');
}, 300_000);

test('a member that was offline and is killed while it catches up has everything in the end', async ({
  signal,
}) => {
  const env = { QPC_EPOCHS: '10', QPC_MESSAGES: '100', QPC_KILLS: '1' };
  const said = await play('offline', { env, signal });
  expect(said).toContain('carol: 100 messages');
}, 300_000);
