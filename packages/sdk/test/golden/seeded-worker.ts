import { workerData } from 'node:worker_threads';
import { Rng } from '@quicprochat/testkit';

/**
 * The worker's thread with seeded random bytes and a fixed clock. The core reads both from globals:
 * `crypto.getRandomValues`, and `Date.now` for the times that openmls stores with its records.
 */
const { seed, nowMs } = workerData as { seed: number; nowMs: number };
const rng = new Rng(seed);
Date.now = () => nowMs;
crypto.getRandomValues = <View extends ArrayBufferView>(view: View): View => {
  const bytes = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
  for (let i = 0; i < bytes.length; i++) bytes[i] = rng.below(256);
  return view;
};

await import('../../src/worker/entry-node.ts');
