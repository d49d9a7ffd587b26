import { readFile } from 'node:fs/promises';
import { beforeEach, expect, test, vi } from 'vitest';

// The loader keeps its state in the module: each test gets a module, and so an instance, of its own.
beforeEach(() => {
  vi.resetModules();
});

const STORE_KEY = new Uint8Array(32).fill(9);
const load = () => import('../src/node.ts');

test('use before initialize throws the sentence that fixes it', async () => {
  const { CoreClient, coreErrorCodes, versions } = await load();
  expect(() => CoreClient.create('alice', STORE_KEY)).toThrow('await initialize()');
  expect(() => coreErrorCodes()).toThrow('await initialize()');
  expect(() => versions()).toThrow('await initialize()');
});

test('initialize is idempotent, also when called twice at once', async () => {
  const { CoreClient, initialize } = await load();
  await Promise.all([initialize(), initialize()]);
  const client = CoreClient.create('alice', STORE_KEY);
  await initialize();
  expect(client.handle).toBe('alice');
});

test('a failed initialize can be tried again', async () => {
  const { initialize, versions } = await load();
  await expect(initialize('/nowhere.wasm')).rejects.toThrow();
  expect(() => versions()).toThrow('await initialize()');
  await initialize();
  expect(versions().core).toBeTruthy();
});

test('initialize takes bytes, a module, a response and a file address', async () => {
  const address = new URL('../artefact/quicprochat_wasm_bg.wasm', import.meta.url);
  const wasm = await readFile(address);
  const headers = { 'content-type': 'application/wasm' };
  const sources = [
    wasm,
    await WebAssembly.compile(wasm),
    new Response(wasm, { headers }),
    address,
    address.href,
  ];
  for (const source of sources) {
    vi.resetModules();
    const { initialize, versions } = await load();
    await initialize(source);
    expect(versions().core).toBeTruthy();
  }
});

test('the browser entry takes the same sources and reads no file', async () => {
  const { initialize, versions } = await import('../src/browser.ts');
  await initialize(await readFile(new URL('../artefact/quicprochat_wasm_bg.wasm', import.meta.url)));
  expect(versions().core).toBeTruthy();
  const source = await readFile(new URL('../src/browser.ts', import.meta.url), 'utf8');
  expect(source).not.toContain('node:');
});

test('a panic poisons the instance: that call and every later one throw INTERNAL', async () => {
  const { CoreClient, initialize, unsafeTestingPanic } = await load();
  await initialize();
  const client = CoreClient.create('alice', STORE_KEY);
  const group = client.createGroup(new Uint8Array(16), 1, 1);
  const internal = expect.objectContaining({ name: 'CoreError', code: 'INTERNAL' });
  expect(() => {
    unsafeTestingPanic();
  }).toThrow(internal);
  expect(() => client.handle).toThrow(internal);
  expect(() => group.epoch()).toThrow(internal);
  expect(() => group.selfUpdate(1)).toThrow(internal);
  expect(() => CoreClient.create('bob', STORE_KEY)).toThrow(internal);
});
