import { createPublicKey, type KeyObject } from 'node:crypto';
import type { RelayPlatform } from '../platform.ts';

/** SubjectPublicKeyInfo of an Ed25519 key is these bytes and then the key (RFC 8410 §4). */
const SPKI_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

/**
 * The encodings of points of small order (1, 2, 4 and 8), the sign bit left out. Signatures under such a key can be made
 * without any secret, so what it protects would be everybody's. OpenSSL 3.0, which Node 22 carries, takes those
 * signatures; 3.5 does not.
 */
const SMALL_ORDER = new Set([
  '0000000000000000000000000000000000000000000000000000000000000000',
  '0100000000000000000000000000000000000000000000000000000000000000',
  '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
  'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
  'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
]);

/**
 * A key that nobody has, to check a claim against where there is no key: that takes as long as where there is one.
 * (The first test vector of RFC 8032 §7.1 backwards: a point of the curve that was not made from any secret.)
 */
export const NOBODYS_KEY = Buffer.from(
  'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
  'hex',
).reverse();

/**
 * Whether the Ed25519 key signed the message. A malformed key signed nothing. All the cryptography there is here.
 *
 * @param known Keys that are used again and again need not be read each time: that takes a third as long as to use one.
 * Which of them were used lately can then be told by the time it takes, so not for keys of devices.
 */
export async function isSignedBy(
  platform: RelayPlatform,
  publicKey: Uint8Array,
  message: Uint8Array,
  signature: Uint8Array,
  known?: KnownKeys,
): Promise<boolean> {
  const key = known?.find(publicKey) ?? parse(publicKey);
  return key !== undefined && platform.verify(message, key, signature).catch(() => false);
}

/** Keys that are used again and again. Only those of members are kept, so that strangers cannot fill the memory. */
export class KnownKeys {
  readonly #most: number;
  readonly #keys = new Map<string, KeyObject>();

  constructor(most: number) {
    this.#most = most;
  }

  find(publicKey: Uint8Array): KeyObject | undefined {
    return this.#keys.get(Buffer.from(publicKey).toString('latin1'));
  }

  keep(publicKey: Uint8Array): void {
    const name = Buffer.from(publicKey).toString('latin1');
    const key = this.#keys.get(name) ?? parse(publicKey);
    if (key === undefined) return;
    // At the end of the line again: the first one is the one that was not used for longest.
    this.#keys.delete(name);
    this.#keys.set(name, key);
    const [first] = this.#keys.keys();
    if (first !== undefined && this.#keys.size > this.#most) this.#keys.delete(first);
  }
}

function parse(publicKey: Uint8Array): KeyObject | undefined {
  if (isSmallOrder(publicKey)) return undefined;
  try {
    return createPublicKey({ key: Buffer.concat([SPKI_PREFIX, publicKey]), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}

/** Whether everyone can sign under this key. */
export function isSmallOrder(publicKey: Uint8Array): boolean {
  const y = Buffer.from(publicKey);
  y[31] = (y[31] ?? 0) & 0x7f;
  return SMALL_ORDER.has(y.toString('hex'));
}
