import { Worker } from 'node:worker_threads';
import { platform } from '#platform';
import { nodePlatform } from '../../src/platform/node-platform.ts';
import type { Platform } from '../../src/platform/platform.ts';

/** A device's clock, which a test can move. */
export interface DeviceClock {
  aheadMs: number;
}

/**
 * A device whose clock is off: what the SDK asks for, and `Date` in the worker's thread. The worker's stays as far off as
 * it was at the start.
 */
export function platformOf(clock: DeviceClock): Platform {
  const startWorker = () =>
    new Worker(new URL('shifted-worker.ts', import.meta.url), {
      workerData: { aheadMs: clock.aheadMs },
      execArgv: ['--conditions=@quicprochat/source'],
    });
  return {
    ...nodePlatform({ startWorker, wasmUrl: () => platform.wasmUrl }),
    clock: { now: () => Date.now() + clock.aheadMs },
  };
}
