import { Worker } from 'node:worker_threads';
import { nodePlatform } from './node-platform.ts';

/** Node, from a checkout: the worker runs the TypeScript as it is, and the .wasm is the committed one. Not shipped. */
export const platform = nodePlatform({
  startWorker: () =>
    new Worker(new URL('../worker/entry-node.ts', import.meta.url), {
      execArgv: ['--conditions=@quicprochat/source'],
    }),
  wasmUrl: () => new URL('../../../core-wasm/artefact/quicprochat_wasm_bg.wasm', import.meta.url),
});
