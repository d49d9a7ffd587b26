import type { Base64Url } from '@quicprochat/protocol';
import { Listeners } from './listeners.ts';
import type { Wake } from './wake.ts';

/** Wakes streams of the same process. */
export function localWake(): Wake {
  const listeners = new Listeners();
  const signals = new Listeners<[Base64Url]>();
  return {
    notify: (topic) => listeners.wake(topic),
    listen: (topic, listener) => listeners.add(topic, listener),
    signal: (topic, payload) => signals.wake(topic, payload),
    onSignal: (topic, listener) => signals.add(topic, listener),
    close: async () => undefined,
  };
}
