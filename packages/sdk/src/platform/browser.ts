import { ambient } from './ambient.ts';
import { spawnWorker } from './browser-worker.ts';
import { fileLeftByVite } from './files.ts';
import type { Connectivity, Platform } from './platform.ts';

/** The browser's workers and network. Addresses are literals, relative to the built package: bundlers put in their own. */
export const platform: Platform = {
  ...ambient,
  net: {
    fetch: (...args) => fetch(...args),
    // Read when it is used, not at import: on a server there is none, and importing there must be harmless.
    get pageOrigin() {
      return typeof location === 'undefined' ? undefined : location.origin;
    },
  },
  connectivity: { onChange: onConnectivityChange },
  spawnWorker,
  get wasmUrl() {
    return (
      fileLeftByVite('quicprochat_wasm_bg.wasm', import.meta.url) ??
      new URL('./quicprochat_wasm_bg.wasm', import.meta.url)
    );
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
