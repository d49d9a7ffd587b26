import { Worker } from 'node:worker_threads';
import type { Platform, WorkerPort } from '../../src/platform/platform.ts';
import { platform } from '../../src/platform/node.ts';

/** A device's clock, which a test can move. */
export interface DeviceClock {
  aheadMs: number;
}

/**
 * A device whose clock is off: what the SDK asks for, and `Date` in the worker's thread. The worker's stays as far off as
 * it was at the start.
 */
export function platformOf(clock: DeviceClock): Platform {
  return {
    ...platform,
    clock: { now: () => Date.now() + clock.aheadMs },
    spawnWorker: () => spawnWorker(clock.aheadMs),
  };
}

function spawnWorker(aheadMs: number): WorkerPort {
  const worker = new Worker(new URL('shifted-worker.ts', import.meta.url), {
    workerData: { aheadMs },
    execArgv: ['--conditions=@quicprochat/source'],
  });
  worker.unref();
  return {
    post: (message) => {
      worker.postMessage(message);
    },
    onMessage: (listener) => worker.on('message', listener),
    onFailure: (listener) => {
      worker.once('error', listener);
    },
    setBusy: (busy) => {
      if (busy) worker.ref();
      else worker.unref();
    },
    terminate: () => void worker.terminate(),
  };
}
