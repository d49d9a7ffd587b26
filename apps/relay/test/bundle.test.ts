import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'tsdown';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TestGroup } from '../../../packages/relay/test/support/group.ts';

/** Outside the checkout, so that nothing of it can be found by chance. */
const root = mkdtempSync(join(tmpdir(), 'qpc-bundle-'));
const bundle = join(root, 'lib/qpc-relay.js');

beforeAll(async () => {
  await build({ outDir: join(root, 'lib'), logLevel: 'silent' });
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function run(words: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [bundle, ...words], { cwd: root, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  return { child, closed: once(child, 'close'), output: () => output };
}

test('the relay is one file, and SQLite’s addon for each kind of Linux beside it', () => {
  expect(readdirSync(join(root, 'lib'))).toEqual(['qpc-relay.js']);
  const addons = ['arm64', 'x64'].flatMap((arch) => [`linux-${arch}.node`, `linuxmusl-${arch}.node`]);
  expect(readdirSync(join(root, 'prebuilds')).sort()).toEqual(addons.sort());
});

test('it takes nothing from elsewhere but Node itself', () => {
  const source = readFileSync(bundle, 'utf8');
  const imported = [...source.matchAll(/^import .*?["']([^"']+)["'];?$/gm)].map(([, name = '']) => name);
  expect(imported.length).toBeGreaterThan(5);
  const foreign = imported.filter((name) => !name.startsWith('node:') && !builtinModules.includes(name));
  expect(foreign).toEqual([]);
});

test('it starts by itself, serves a group, copies its store while it does, and stops with 0', async () => {
  const env = { QPC_DATABASE: `sqlite:${join(root, 'data/relay.db')}`, QPC_PORT: '0', QPC_ADMIN_PORT: '0' };
  const relay = run([], env);
  const url = await new Promise<string>((resolve, reject) => {
    relay.child.stdout.on('data', () => {
      const [, served] = /serves at (http:\S+)/.exec(relay.output()) ?? [];
      if (served !== undefined) resolve(served);
    });
    relay.child.on('close', () => reject(new Error(relay.output())));
  });
  const group = await new TestGroup(url).create();
  expect(await group.post('text')).toBe(1);

  const copying = run(['admin', 'backup', 'copy.db'], env);
  expect([await copying.closed, copying.output()]).toEqual([[0, null], expect.stringMatching(/^backup: /)]);
  relay.child.kill('SIGTERM');
  expect(await relay.closed).toEqual([0, null]);
});
