import type { Rng } from '@quicprochat/testkit';
import type { Scheduler } from './scheduler.ts';

/**
 * Seeds the core for one run. The core reads two globals of its thread, which no caller can pass in:
 * `crypto.getRandomValues`, and `Date.now` for the times that openmls stores with its records.
 *
 * @returns a function that restores the real globals
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
    // Uncovers the real method, which `crypto` inherits.
    Reflect.deleteProperty(crypto, 'getRandomValues');
    Date.now = realNow;
  };
}
