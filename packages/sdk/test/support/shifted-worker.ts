import { workerData } from 'node:worker_threads';

/** The worker's thread on a device whose clock is off: everything in it sees a shifted `Date`. */
const { aheadMs } = workerData as { aheadMs: number };
const rightNow = Date.now.bind(Date);
Date.now = () => rightNow() + aheadMs;

await import('../../src/worker/entry-node.ts');
