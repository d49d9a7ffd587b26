import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startRelay, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('..', import.meta.url));
const QUICKSTART = fileURLToPath(new URL('docs/quickstart.mjs', import.meta.url));

let project: string;
let relay: RelayProcess;

beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), 'qpc-third-party-'));
  relay = await startRelay();
  // Built by the task graph before these tests (turbo.json): building here would pull dist from under other rooms.
  expect(existsSync(join(ROOT, 'dist/index.js')), 'build the SDK first: pnpm build').toBe(true);
  await run('pnpm', ['pack', '--pack-destination', project], { cwd: ROOT });
  await writeFile(
    join(project, 'package.json'),
    '{ "name": "third-party", "private": true, "type": "module" }',
  );
  const [tarball] = (await readdir(project)).filter((file) => file.endsWith('.tgz'));
  await run('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', `./${tarball ?? ''}`], {
    cwd: project,
  });
  await copyFile(QUICKSTART, join(project, 'quickstart.mjs'));
}, 180_000);
afterAll(async () => {
  await relay.stop();
  await rm(project, { recursive: true, force: true });
});

const quickstart = () =>
  run(process.execPath, ['quickstart.mjs'], { cwd: project, env: { QPC_RELAY: relay.url } });

test('the packed SDK, installed into an empty project, runs the quickstart of the README', async () => {
  expect((await quickstart()).stdout).toBe('alice: Shall we?\n');
});

test('and runs it again from what it stored', async () => {
  expect((await quickstart()).stdout).toBe('alice: Shall we?\n');
});

test('importing it does nothing and needs nothing of a browser or of Node', async () => {
  const { stdout } = await run(
    process.execPath,
    ['-e', `import('@quicprochat/sdk').then((sdk) => console.log(Object.keys(sdk).sort().join()))`],
    { cwd: project },
  );
  expect(stdout).toContain('Client');
});

test('the tarball holds what is built and nothing of the workspace', async () => {
  const files = await readdir(join(project, 'node_modules/@quicprochat/sdk'), { recursive: true });
  expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
  expect(files).toContain(join('dist', 'quicprochat_wasm_bg.wasm'));
  expect(await readdir(join(project, 'node_modules/@quicprochat'))).toEqual(['sdk']);
});

test('every file that the shipped code names beside itself is in the tarball', async () => {
  const root = join(project, 'node_modules/@quicprochat/sdk/dist');
  const files = (await readdir(root)).filter((file) => file.endsWith('.js'));
  // Bundlers follow string literals, constants included, so each one that reads as a relative address counts; not the keys of objects.
  const addresses = await Promise.all(
    files.map(async (file) => {
      const code = await readFile(join(root, file), 'utf8');
      const imports = [...code.matchAll(/["'](\.\.?\/[^"'\s]+)["'](?!:)/g)];
      const urls = [...code.matchAll(/new URL\(\s*["']([^"':]+)["'],\s*import\.meta\.url/g)];
      return [...imports, ...urls].map(([, address = '']) => ({ file, address }));
    }),
  );
  const named = addresses.flat();
  expect(named).toContainEqual({ file: 'platform-node.js', address: './worker-node.js' });
  expect(named).toContainEqual({ file: 'platform-browser.js', address: './quicprochat_wasm_bg.wasm' });
  expect(named.filter(({ file, address }) => !existsSync(join(root, dirname(file), address)))).toEqual([]);
});
