import { generateKeyPairSync, randomBytes, sign, type KeyObject } from 'node:crypto';

/** An Ed25519 key pair that signs. */
export interface Signer {
  readonly publicKey: Uint8Array;
  sign(message: Uint8Array): Uint8Array;
}

export function newSigner(): Signer {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  return { publicKey: rawKey(publicKey), sign: (message) => sign(null, message, privateKey) };
}

/** A random id in the form of devices, groups and entries. */
export function newId(): string {
  return randomBytes(16).toString('hex');
}

function rawKey(key: KeyObject): Uint8Array {
  return key.export({ format: 'der', type: 'spki' }).subarray(-32);
}
