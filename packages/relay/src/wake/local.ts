import { Listeners } from './listeners.ts';
import type { Wake } from './wake.ts';

/** Wakes streams of the same process. */
export function localWake(): Wake {
  const listeners = new Listeners();
  return {
    notify: (topic) => listeners.wake(topic),
    listen: (topic, listener) => listeners.add(topic, listener),
    close: async () => undefined,
  };
}
