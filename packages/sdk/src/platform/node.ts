import { Worker } from 'node:worker_threads';
import { nodePlatform } from './node-platform.ts';

/**
 * Node, as the package ships it: the worker and the .wasm lie beside this file. Bundlers resolve both literals, also
 * when they only prerender a page, so there must be no address here that exists in a checkout alone.
 */
export const platform = nodePlatform({
  startWorker: () => new Worker(new URL('./worker-node.js', import.meta.url)),
  wasmUrl: () => new URL('./quicprochat_wasm_bg.wasm', import.meta.url),
});
