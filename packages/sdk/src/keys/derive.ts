import type { Platform, WorkerSource } from '../platform/platform.ts';
import { WorkerCore } from '../worker/worker-core.ts';
import type { Derive } from './wrapping.ts';

/**
 * Derives keys in workers that end afterwards: the memory of WebAssembly does not shrink, and a client that runs for days
 * would keep what a passphrase took once. Nor do the client's other calls wait meanwhile.
 */
export function deriveInWorker(
  platform: Platform,
  { worker, wasm }: { worker: WorkerSource | undefined; wasm: string },
): Derive {
  return async (input) => {
    const core = new WorkerCore(() => platform.spawnWorker(worker));
    try {
      await core.initialize(wasm);
      return (await core.call('worker.keyOfPassphrase', input)).result;
    } finally {
      core.terminate();
    }
  };
}
