import type { Worker } from 'node:worker_threads';
import { EventSource } from 'eventsource';
import { ambient } from './ambient.ts';
import type { Platform, WorkerPort } from './platform.ts';

/** The two things that differ between the package and a checkout: the worker's file, and where the .wasm lies. */
export interface NodeFiles {
  startWorker: () => Worker;
  wasmUrl: () => URL;
}

/** Node's threads and network. */
export function nodePlatform({ startWorker, wasmUrl }: NodeFiles): Platform {
  return {
    ...ambient,
    net: { fetch: (...args) => fetch(...args), EventSource },
    // Node hears nothing of its network: a broken stream and a timer have to do.
    connectivity: { onChange: () => () => undefined },
    spawnWorker: () => portOf(startWorker()),
    get wasmUrl() {
      return wasmUrl();
    },
  };
}

/** An idle worker must not keep a program alive, so it starts unreferenced. */
function portOf(worker: Worker): WorkerPort {
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
