import { Worker } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { people } from './support/people.ts';

const town = people();
const create = (options: Partial<Parameters<typeof Client.create>[0]>) =>
  Client.create({
    relay: town.relay().url,
    handle: 'wendy',
    storage: memoryStorage(),
    live: false,
    ...options,
  });

const WASM = new URL('../../core-wasm/artefact/quicprochat_wasm_bg.wasm', import.meta.url);
const WORKER = new URL('../src/worker/entry-node.ts', import.meta.url);
const startWorker = (file: URL) => new Worker(file, { execArgv: ['--conditions=@quicprochat/source'] });

test.each(['/nowhere/worker.js', 'file:///nowhere/worker.js'])(
  'names the worker’s file: %s',
  async (worker) => {
    await expect(create({ worker })).rejects.toMatchObject({
      code: 'WORKER_NOT_FOUND',
      name: 'UsageError',
      message: expect.stringContaining(worker),
      details: { address: worker },
    });
  },
);

test('names the file that a worker of the caller’s lacks', async () => {
  const worker = () => startWorker(new URL('./nowhere.ts', WORKER));
  await expect(create({ worker })).rejects.toMatchObject({
    code: 'WORKER_NOT_FOUND',
    details: { address: fileURLToPath(new URL('./nowhere.ts', WORKER)) },
  });
});

test.each([
  ['a file that does not exist', '/nowhere/core.wasm'],
  ['a file that is no WebAssembly', WORKER.href],
  ['an address that nobody serves', 'http://127.0.0.1:9/core.wasm'],
])('names the WebAssembly’s address: %s', async (_what, wasm) => {
  await expect(create({ wasm })).rejects.toMatchObject({
    code: 'WASM_NOT_FOUND',
    name: 'UsageError',
    message: expect.stringContaining(wasm),
    details: { address: wasm, reason: 'missing', told: expect.stringMatching(/./) },
  });
});

test('runs in a worker that the caller starts, with the WebAssembly at the caller’s address', async () => {
  await using client = await create({ worker: () => startWorker(WORKER), wasm: WASM });
  expect(client.handle).toBe('wendy');
});

test.each([{ worker: 5 }, { worker: '' }, { wasm: {} }, { wasm: '' }])('refuses %o', async (options) => {
  await expect(create(options as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
