import { existsSync } from 'node:fs';
import { copyFile, readdir, readFile, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installOutside, startRelay, type OutsideProject, type RelayProcess } from '@quicprochat/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const QUICKSTART = fileURLToPath(new URL('docs/quickstart.mjs', import.meta.url));

let project: OutsideProject | undefined;
let installed: string;
let relay: RelayProcess;

beforeAll(async () => {
  relay = await startRelay();
  // What packing has to put there again.
  await rm(join(ROOT, 'dist/node.js'), { force: true });
  project = await installOutside({ prepack: true });
  if (project === undefined) return;
  installed = join(project.folder, 'node_modules/@quicprochat/sdk');
  await copyFile(QUICKSTART, join(project.folder, 'quickstart.mjs'));
}, 300_000);
afterAll(async () => {
  await relay.stop();
  await project?.remove();
});
beforeEach((context) => context.skip(project === undefined, 'npm cannot reach its registry'));

const quickstart = () => project!.run('node', ['quickstart.mjs'], { QPC_RELAY: relay.url });

test('the packed SDK, installed into an empty project, runs the quickstart of the README', async () => {
  expect(await quickstart()).toBe('alice: Shall we?\n');
});

test('and runs it again from what it stored', async () => {
  expect(await quickstart()).toBe('alice: Shall we?\n');
});

test('importing it does nothing and needs nothing of a browser or of Node', async () => {
  const program = `import('@quicprochat/sdk').then((sdk) => console.log(Object.keys(sdk).sort().join()))`;
  expect(await project!.run('node', ['-e', program])).toContain('Client');
});

test('packing builds first, and packs what is built and nothing of the workspace', async () => {
  const files = await readdir(installed, { recursive: true });
  expect(files).toEqual(
    expect.arrayContaining([join('dist', 'node.js'), join('dist', 'quicprochat_wasm_bg.wasm')]),
  );
  expect(files.filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'))).toEqual([]);
  expect(await readdir(dirname(installed))).toEqual(['sdk']);
});

test('the tarball has a README, the texts of both licences and the third-party notices', async () => {
  const read = (file: string) => readFile(join(installed, file), 'utf8');
  expect(await read('README.md')).toContain(await readFile(QUICKSTART, 'utf8'));
  for (const file of ['LICENSE-APACHE', 'LICENSE-MIT'])
    expect(await read(file)).toBe(await readFile(join(ROOT, '../..', file), 'utf8'));
  expect(await read('THIRD-PARTY-NOTICES.txt')).toContain('openmls 0.');
});

test('the manifest names the repository and keywords, and versions that npm can install', async () => {
  const manifest = JSON.parse(await readFile(join(installed, 'package.json'), 'utf8'));
  expect(manifest.repository).toMatchObject({ type: 'git', url: expect.stringMatching(/^git\+https:/) });
  expect(manifest.keywords).toContain('end-to-end-encryption');
  expect(Object.values(manifest.dependencies).filter((version) => /[^\d.]/.test(String(version)))).toEqual(
    [],
  );
});

test('the worker and the WebAssembly can be imported by name', async () => {
  const program = `for (const file of ['worker', 'wasm']) console.log(import.meta.resolve('@quicprochat/sdk/' + file))`;
  const addresses = await project!.run('node', ['--input-type=module', '-e', program]);
  const files = addresses
    .trim()
    .split('\n')
    .map((address) => fileURLToPath(address));
  expect(files.map((file) => [file.slice(installed.length), existsSync(file)])).toEqual([
    ['/dist/worker-node.js', true],
    ['/dist/quicprochat_wasm_bg.wasm', true],
  ]);
});

test('every file that the shipped code names beside itself is in the tarball', async () => {
  const root = join(installed, 'dist');
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

test('no npm package is bundled, as the notices say', async () => {
  const dist = join(installed, 'dist');
  const files = (await readdir(dist)).filter((file) => file.endsWith('.js'));
  const code = await Promise.all(files.map((file) => readFile(join(dist, file), 'utf8')));
  // The bundler marks each module with the file that it came from.
  const modules = code.flatMap((text) =>
    [...text.matchAll(/^\/\/#region (.+)$/gm)].map(([, path = '']) => path),
  );
  expect(modules).toContain('src/api/client.ts');
  expect(modules.filter((path) => path.includes('node_modules'))).toEqual([]);
});
