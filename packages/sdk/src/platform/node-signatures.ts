import { createPublicKey, verify } from 'node:crypto';
import type { PublicCrypto } from './platform.ts';

/** SubjectPublicKeyInfo of an Ed25519 key is these bytes and then the key (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * Ed25519 by Node's own crypto, in this thread. WebCrypto hands each signature to another thread, which takes longer than
 * to check it.
 */
export const nodeSignatures: PublicCrypto = {
  // Every version that the SDK runs on can.
  requireSupport: async () => undefined,
  isSigned: async ({ publicKey, signature, message }) => {
    const spki = Buffer.concat([SPKI_PREFIX, publicKey]);
    return verify(null, message, createPublicKey({ key: spki, format: 'der', type: 'spki' }), signature);
  },
};
