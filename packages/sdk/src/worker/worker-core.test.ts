import { expect, test } from 'vitest';
import { workerNotFound } from '../platform/files.ts';
import type { WorkerPort } from '../platform/platform.ts';
import type { Request, Response } from './protocol.ts';
import { describe } from './failure.ts';
import { WorkerCore } from './worker-core.ts';

/** A worker whose answers the test gives by hand. */
function scripted() {
  const requests: Request[] = [];
  let answer: (response: Response) => void = () => undefined;
  let fail: (cause: unknown) => void = () => undefined;
  const port: WorkerPort = {
    post: (message) => requests.push(message as Request),
    onMessage: (listener) => (answer = listener),
    onFailure: (listener) => (fail = listener),
    setBusy: () => undefined,
    terminate: () => undefined,
  };
  return {
    port,
    requests,
    answer: (response: Response) => answer(response),
    fail: (cause: unknown) => fail(cause),
  };
}

test('answers reach the call they belong to, in whatever order they come', async () => {
  const worker = scripted();
  const core = new WorkerCore(() => worker.port);
  const first = core.call('client.sign', { transcript: new Uint8Array([1]) });
  const second = core.call('client.sign', { transcript: new Uint8Array([2]) });
  const [a, b] = worker.requests;
  worker.answer({ id: b!.id, ok: true, result: 'b', writes: [] });
  worker.answer({ id: a!.id, ok: true, result: 'a', writes: [] });
  expect([(await first).result, (await second).result]).toEqual(['a', 'b']);
});

test.each([
  ['HEALING_OVERDUE', 'UsageError'],
  ['CREDENTIAL_REJECTED', 'CryptoVerificationError'],
  ['WIRE_DECODE', 'ValidationError'],
  ['STORE_CORRUPT', 'StorageError'],
])('an error keeps its code %s and becomes a %s on this side', async (code, name) => {
  const worker = scripted();
  const call = new WorkerCore(() => worker.port).call('client.identity', {});
  worker.answer({ id: worker.requests[0]!.id, ok: false, error: { code, message: 'why' }, dirty: false });
  await expect(call).rejects.toMatchObject({ code, name, details: { told: 'why' } });
});

test('a code that nobody knows becomes INTERNAL', async () => {
  const worker = scripted();
  const call = new WorkerCore(() => worker.port).call('client.identity', {});
  worker.answer({ id: worker.requests[0]!.id, ok: false, error: { code: 'NEW', message: 'x' }, dirty: true });
  await expect(call).rejects.toMatchObject({ code: 'INTERNAL', name: 'InternalError' });
});

test('when the worker dies, every call fails, and later ones do at once until another one is started', async () => {
  const worker = scripted();
  const core = new WorkerCore(() => worker.port);
  const waiting = core.call('client.identity', {});
  worker.fail(new Error('gone'));
  await expect(waiting).rejects.toMatchObject({ code: 'WORKER_STOPPED' });
  await expect(core.call('client.identity', {})).rejects.toMatchObject({ code: 'WORKER_STOPPED' });
});

test('another worker loads the core from the same address, and what the first one says late is not heard', async () => {
  const workers = [scripted(), scripted()] as const;
  const starting = workers.values();
  const core = new WorkerCore(() => starting.next().value!.port);
  const initializing = core.initialize('core.wasm');
  workers[0].answer({ id: 1, ok: true, result: { errorCodes: [] }, writes: [] });
  await initializing;
  workers[0].fail(new Error('gone'));
  expect(core.isStopped).toBe(true);
  const restarting = core.restart();
  expect(workers[1].requests).toMatchObject([{ name: 'worker.initialize', data: { wasm: 'core.wasm' } }]);
  workers[1].answer({ id: 2, ok: true, result: { errorCodes: [] }, writes: [] });
  await restarting;
  expect(core.dirty).toBe(true);
  workers[0].fail(new Error('gone again'));
  expect(core.isStopped).toBe(false);
});

const panic = Object.assign(new Error('panicked'), { name: 'CoreError', code: 'INTERNAL' });

test.each([
  ['whose core has panicked counts as stopped', panic, true],
  ['whose core ran out of stack counts as stopped', new WebAssembly.RuntimeError('unreachable'), true],
  ['that failed at something else goes on', new DOMException('in use', 'NoModificationAllowedError'), false],
])('a worker %s', async (_what, cause, isStopped) => {
  const worker = scripted();
  const core = new WorkerCore(() => worker.port);
  const call = core.call('client.identity', {});
  worker.answer({ id: 1, ok: false, error: describe(cause), dirty: true });
  await expect(call).rejects.toMatchObject({ code: 'INTERNAL' });
  expect(core.isStopped).toBe(isStopped);
});

test('a worker whose file is not there is told as such, to this call and to later ones', async () => {
  const worker = scripted();
  const core = new WorkerCore(() => worker.port);
  const waiting = core.initialize('https://page.example/core.wasm');
  worker.fail(workerNotFound('https://page.example/worker.js'));
  const missing = { code: 'WORKER_NOT_FOUND', details: { address: 'https://page.example/worker.js' } };
  await expect(waiting).rejects.toMatchObject(missing);
  await expect(core.call('client.identity', {})).rejects.toMatchObject(missing);
});

test.each([
  ['failed to fetch Wasm: 404', 'missing', 'or pass the address'],
  [
    'WebAssembly.compile(): Compiling or instantiating WebAssembly module violates the following Content Security policy directive',
    'forbidden',
    "script-src 'wasm-unsafe-eval'",
  ],
])(
  'a core that could not be loaded (%s) names its address and the remedy',
  async (message, reason, remedy) => {
    const worker = scripted();
    const address = 'https://page.example/core.wasm';
    const call = new WorkerCore(() => worker.port).initialize(address);
    const error = { code: 'WASM_NOT_FOUND', message, address };
    worker.answer({ id: worker.requests[0]!.id, ok: false, error, dirty: false });
    await expect(call).rejects.toMatchObject({
      code: 'WASM_NOT_FOUND',
      message: expect.stringMatching(`${address}.*${remedy}`),
      details: { address, reason, told: message },
    });
  },
);

test.each([
  [
    'a browser that runs no WebAssembly is one that cannot run the SDK, and not a file that is missing',
    { code: 'WASM_NOT_FOUND', message: 'WebAssembly is not defined', address: 'https://page.example/a.wasm' },
    { code: 'UNSUPPORTED_RUNTIME', message: expect.stringContaining('use another browser') },
  ],
  [
    'a quota that is reached in the worker is told as one',
    { code: 'STORE_UNAVAILABLE', message: 'The quota has been exceeded.' },
    { code: 'STORE_UNAVAILABLE', details: { reason: 'full' } },
  ],
])('%s', async (_title, error, told) => {
  const worker = scripted();
  const call = new WorkerCore(() => worker.port).call('client.identity', {});
  worker.answer({ id: worker.requests[0]!.id, ok: false, error, dirty: false });
  await expect(call).rejects.toMatchObject(told);
});

test('what the worker says of a quota is that, whatever the call was', () => {
  expect(describe(new DOMException('The quota has been exceeded.', 'QuotaExceededError'))).toMatchObject({
    code: 'STORE_UNAVAILABLE',
  });
});
