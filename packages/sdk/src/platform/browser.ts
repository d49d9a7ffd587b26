import { ambient } from './ambient.ts';
import type { Connectivity, Platform, WorkerPort } from './platform.ts';

/**
 * The browser's workers and network. The two URLs are written out as literals, relative to the built package, because
 * that is the form that bundlers recognise: they copy both files and put in the final addresses.
 */
export const platform: Platform = {
  ...ambient,
  net: {
    fetch: (...args) => fetch(...args),
    // Read when it is used, not at import: on a server there is none, and importing there must be harmless.
    get EventSource() {
      return globalThis.EventSource;
    },
  },
  connectivity: { onChange: onConnectivityChange },
  spawnWorker,
  get wasmUrl() {
    return new URL('./quicprochat_wasm_bg.wasm', import.meta.url);
  },
};

/** The events of the page or worker that the SDK runs in. */
function onConnectivityChange(listener: Parameters<Connectivity['onChange']>[0]): () => void {
  const listening = new AbortController();
  const { signal } = listening;
  addEventListener('online', () => listener(true), { signal });
  addEventListener('offline', () => listener(false), { signal });
  return () => listening.abort();
}

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
