import { createPublicKey, verify } from 'node:crypto';
import type { PublicCrypto } from './platform.ts';
import { remembered } from './remembered.ts';

/** SubjectPublicKeyInfo of an Ed25519 key is these bytes and then the key (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

const keyOf = remembered((publicKey) =>
  createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' }),
);

/**
 * Ed25519 by Node's own crypto, in this thread. WebCrypto hands each signature to another thread, which takes longer than
 * to check it.
 */
export const nodeSignatures: PublicCrypto = {
  isSigned: async ({ publicKey, signature, message }) => verify(null, message, keyOf(publicKey), signature),
};
