import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

/** Runs a proof's program in small, to see that it works. `pnpm prove soak` and `pnpm prove offline` run all of it. */
async function play(program: string, env: Record<string, string>): Promise<string> {
  const { stdout } = await promisify(execFile)('pnpm', ['-s', 'run', program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { ...process.env, ...env },
  });
  return stdout;
}

test('eight clients whose calls fail and whose relay is killed show each other everything', async () => {
  const said = await play('soak', { QPC_SOAK_MINUTES: '0.1' });
  expect(said).toContain('killed 1');
}, 120_000);

test('a member that was offline and is killed while it catches up has everything in the end', async () => {
  const said = await play('offline', { QPC_EPOCHS: '20', QPC_MESSAGES: '200', QPC_KILLS: '2' });
  expect(said).toContain('carol: 200 messages');
}, 120_000);
