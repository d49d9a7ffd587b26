import { workerData, type MessagePort } from 'node:worker_threads';
import type { Memory } from './memory.ts';

/** The SDK's worker, which also tells how much memory it uses after a garbage collection, whenever it is asked. */
const { port } = workerData as { port: MessagePort };
const memories: WebAssembly.Memory[] = [];

const original = WebAssembly.instantiate as (...args: unknown[]) => Promise<unknown>;
Object.assign(WebAssembly, {
  instantiate: async (...args: unknown[]) => {
    const result = await original(...args);
    const { exports } = ((result as { instance?: object }).instance ?? result) as WebAssembly.Instance;
    memories.push(exports['memory'] as WebAssembly.Memory);
    return result;
  },
});

port.on('message', () => {
  void (async () => {
    await gc?.({ execution: 'async', type: 'major' });
    const wasm = memories.reduce((bytes, { buffer }) => bytes + buffer.byteLength, 0);
    port.postMessage({ heap: process.memoryUsage().heapUsed, wasm } satisfies Memory);
  })();
});
port.unref();

await import('../../src/worker/entry-node.ts');
