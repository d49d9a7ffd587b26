import { ambient } from './ambient.ts';
import type { Platform, WorkerPort } from './platform.ts';

/**
 * The browser's workers and network. The two URLs are written out as literals, relative to the built package, because
 * that is the form that bundlers recognise: they copy both files and put in the final addresses.
 */
export const platform: Platform = {
  ...ambient,
  net: { fetch: (...args) => fetch(...args) },
  spawnWorker,
  get wasmUrl() {
    return new URL('./quicprochat_wasm_bg.wasm', import.meta.url);
  },
};

function spawnWorker(): WorkerPort {
  const worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: 'quicprochat' });
  return {
    post: (message) => {
      worker.postMessage(message);
    },
    onMessage: (listener) => {
      worker.addEventListener('message', (event) => {
        listener(event.data);
      });
    },
    onFailure: (listener) => {
      worker.addEventListener('error', listener, { once: true });
    },
    setBusy: () => {
      // A page lives as long as its tab.
    },
    terminate: () => {
      worker.terminate();
    },
  };
}
