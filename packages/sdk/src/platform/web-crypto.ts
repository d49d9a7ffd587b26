import { sdkError } from '../model/errors.ts';
import type { PublicCrypto } from './platform.ts';

/** Signatures by WebCrypto. */
export const webCrypto: PublicCrypto = {
  requireSupport: async () => {
    if ((crypto as Partial<Crypto>).subtle === undefined)
      throw unsupported(
        'The browser withholds cryptography and storage from this page, since it did not come over HTTPS. Open it by an https address, or on this device as localhost.',
      );
    try {
      await importKey(new Uint8Array(32));
    } catch (cause) {
      if (isNoKey(cause)) return;
      throw unsupported(
        'This browser cannot check Ed25519 signatures, which the SDK needs. Update it: Chrome and Edge can from version 137 on, Firefox from 129, Safari from 17.',
        cause,
      );
    }
  },
  isSigned: async ({ publicKey, signature, message }) => {
    try {
      return await crypto.subtle.verify('Ed25519', await importKey(publicKey), signature, message);
    } catch (cause) {
      if (isNoKey(cause)) return false;
      throw cause;
    }
  },
};

/** Whether the browser knows Ed25519 and takes bytes for no key. */
function isNoKey(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === 'DataError';
}

function importKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey('raw', bytes, 'Ed25519', false, ['verify']);
}

function unsupported(sentence: string, cause?: unknown) {
  return sdkError('UNSUPPORTED_RUNTIME', sentence, { cause });
}
