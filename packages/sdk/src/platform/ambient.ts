import type { Clock, PublicCrypto, Random, Timers } from './platform.ts';
import { webCrypto } from './web-crypto.ts';

/** The real clock, randomness, timers and WebCrypto: the one place in the SDK that touches them. */
export const ambient: { clock: Clock; random: Random; timers: Timers; publicCrypto: PublicCrypto } = {
  clock: { now: () => Date.now() },
  random: {
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    fraction: () => Math.random(),
  },
  timers: { sleep },
  publicCrypto: webCrypto,
};

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(reasonOf(signal));
    const timer = setTimeout(finish, ms);
    signal?.addEventListener('abort', abort, { once: true });

    function finish() {
      signal?.removeEventListener('abort', abort);
      resolve();
    }
    function abort() {
      clearTimeout(timer);
      reject(reasonOf(signal as AbortSignal));
    }
  });
}

function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new DOMException('Aborted', 'AbortError');
}
