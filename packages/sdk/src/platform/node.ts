import { Worker } from 'node:worker_threads';
import { ambient } from './ambient.ts';
import type { Platform, WorkerPort } from './platform.ts';

/** From a checkout, Node runs the TypeScript as it is; the package ships it bundled, with the .wasm beside it. */
const fromSource = import.meta.url.endsWith('.ts');

/** Not written out where it is used: bundlers follow literals, and the package does not have this file. */
const SOURCE_ENTRY = '../worker/entry-node.ts';

/** Node's threads and network. Chosen over browser.ts by the `node` condition of `#platform` in package.json. */
export const platform: Platform = {
  ...ambient,
  net: { fetch: (...args) => fetch(...args) },
  spawnWorker,
  wasmUrl: fromSource ? undefined : new URL('./quicprochat_wasm_bg.wasm', import.meta.url),
};

function spawnWorker(): WorkerPort {
  const worker = fromSource
    ? new Worker(new URL(SOURCE_ENTRY, import.meta.url), {
        execArgv: ['--conditions=@quicprochat/source'],
      })
    : new Worker(new URL('./worker-node.js', import.meta.url));
  worker.unref();

  return {
    post: (message) => {
      worker.postMessage(message);
    },
    onMessage: (listener) => worker.on('message', listener),
    onFailure: (listener) => {
      worker.once('error', listener);
      worker.once('exit', (code) => {
        listener(new Error(`exit code ${code}`));
      });
    },
    setBusy: (busy) => {
      if (busy) worker.ref();
      else worker.unref();
    },
    terminate: () => void worker.terminate(),
  };
}
