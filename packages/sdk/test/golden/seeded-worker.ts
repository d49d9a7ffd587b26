import { workerData } from 'node:worker_threads';
import { Rng } from '@quicprochat/testkit';

/**
 * The worker's thread on a device whose randomness is known and whose time stands still: the core takes its bytes from
 * `crypto.getRandomValues`, and openmls notes in what it stores when it did so.
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
