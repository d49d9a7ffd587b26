import { resolve } from 'node:path';
import { Worker } from 'node:worker_threads';
import { ambient } from './ambient.ts';
import { workerNotFound } from './files.ts';
import { nodeSignatures } from './node-signatures.ts';
import type { Platform, WorkerPort, WorkerSource } from './platform.ts';

type NodeWorker = Pick<Worker, 'on' | 'once' | 'postMessage' | 'ref' | 'terminate' | 'unref'>;

/** The two things that differ between the package and a checkout: the worker's file, and where the .wasm lies. */
export interface NodeFiles {
  startWorker: () => Worker;
  wasmUrl: () => URL;
}

/** Node's threads and network. */
export function nodePlatform({ startWorker, wasmUrl }: NodeFiles): Platform {
  return {
    ...ambient,
    publicCrypto: nodeSignatures,
    net: { fetch: (...args) => fetch(...args) },
    // Node hears nothing of its network: a broken stream and a timer have to do.
    connectivity: { onChange: () => () => undefined },
    spawnWorker: (source) => (source === undefined ? portOf(startWorker()) : spawnFrom(source)),
    get wasmUrl() {
      return wasmUrl();
    },
  };
}

function spawnFrom(source: WorkerSource): WorkerPort {
  if (typeof source === 'function') return portOf(source() as NodeWorker);
  const text = source.toString();
  return portOf(new Worker(text.startsWith('file:') ? new URL(text) : resolve(text)), text);
}

/** An idle worker must not keep a program alive, so it starts unreferenced. */
function portOf(worker: NodeWorker, address?: string): WorkerPort {
  worker.unref();
  return {
    post: (message) => {
      worker.postMessage(message);
    },
    onMessage: (listener) => worker.on('message', listener),
    onFailure: (listener) => {
      worker.once('error', (error) => {
        const missing = missingFile(error);
        listener(missing === undefined ? error : workerNotFound(address ?? missing, error));
      });
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

/** The file that Node did not find. It is the worker's own: the worker imports no other. */
function missingFile(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  if (error.code !== 'MODULE_NOT_FOUND' && error.code !== 'ERR_MODULE_NOT_FOUND') return undefined;
  return /'([^']+)'/.exec(error.message)?.[1];
}
