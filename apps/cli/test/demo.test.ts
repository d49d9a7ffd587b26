import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const MAIN = fileURLToPath(new URL('../src/demo/main.ts', import.meta.url));

test('the demo ends by itself, every claim of it holds, and it leaves nothing behind', async () => {
  const scratch = await mkdtemp(join(tmpdir(), 'qpc-demo-test-'));
  const child = spawn(process.execPath, ['--conditions=@quicprochat/source', MAIN], {
    env: { PATH: process.env['PATH'] ?? '', TMPDIR: scratch },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (told += chunk));
  const exit = await new Promise((resolve) => child.once('close', resolve));
  const left = await readdir(scratch);
  await rm(scratch, { recursive: true });

  expect(told).not.toContain('✗');
  expect(told).toMatch(/\n(\d+) of \1 claims held\.\n$/);
  expect([exit, left]).toEqual([0, []]);
}, 120_000);
