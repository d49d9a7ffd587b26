import type { Clock, PublicCrypto, Random, Timers } from './platform.ts';

/** The real clock, randomness, timers and WebCrypto: the one place in the SDK that touches them. */
export const ambient: { clock: Clock; random: Random; timers: Timers; publicCrypto: PublicCrypto } = {
  clock: { now: () => Date.now() },
  random: {
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    fraction: () => Math.random(),
  },
  timers: { sleep },
  publicCrypto: {
    isSigned: async ({ publicKey, signature, message }) =>
      crypto.subtle.verify('Ed25519', await keyOf(publicKey), signature, message),
  },
};

/** The key used last: a relay signs all of its receipts with one. */
let imported: { publicKey: Uint8Array; key: Promise<CryptoKey> } | undefined;

function keyOf(publicKey: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  if (imported === undefined || !isSame(imported.publicKey, publicKey)) {
    const key = crypto.subtle.importKey('raw', publicKey, 'Ed25519', false, ['verify']);
    imported = { publicKey: publicKey.slice(), key };
  }
  return imported.key;
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

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
