import type { Rng } from '@quicprochat/testkit';
import type { Scheduler } from './scheduler.ts';

/**
 * Gives the core its randomness and its time for as long as a run lasts. It takes both from globals of its thread, where
 * nobody can hand them in: `crypto.getRandomValues`, and `Date.now` for what openmls notes beside what it stores.
 *
 * @returns what puts the real ones back
 */
export function feedCore(rng: Rng, scheduler: Scheduler): () => void {
  const realNow = Date.now;
  crypto.getRandomValues = <View extends ArrayBufferView>(view: View): View => {
    const bytes = new Uint8Array(view.buffer as ArrayBuffer, view.byteOffset, view.byteLength);
    for (let at = 0; at < bytes.length; at += 1) bytes[at] = rng.below(256);
    return view;
  };
  Date.now = () => scheduler.nowMs;
  return () => {
    // The real one is inherited.
    Reflect.deleteProperty(crypto, 'getRandomValues');
    Date.now = realNow;
  };
}
