/**
 * The suites of ts-mls with its hashing done by node:crypto at once: its own goes through a WebCrypto job per HMAC, and a
 * group's secret tree takes hundreds. Sealing, opening, signing and all of the protocol stay as ts-mls has them.
 */
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import {
  getCiphersuiteFromName,
  getCiphersuiteImpl,
  type CiphersuiteImpl,
  type CiphersuiteName,
  type Hash,
  type Kdf,
} from 'ts-mls';
import type { SuiteNumber } from './peer.ts';

export const SUITE_NAMES: Record<SuiteNumber, CiphersuiteName> = {
  0x0001: 'MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519',
  0x0003: 'MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519',
};

const HASH_BYTES = 32;

const hash: Hash = {
  digest: async (data) => Uint8Array.from(createHash('sha256').update(data).digest()),
  mac: async (key, data) => hmac(key, data),
  verifyMac: async (key, mac, data) => mac.length === HASH_BYTES && timingSafeEqual(hmac(key, data), mac),
};

/** HKDF-SHA256 (RFC 5869). */
const kdf: Kdf = {
  size: HASH_BYTES,
  extract: async (salt, ikm) => hmac(salt.length > 0 ? salt : new Uint8Array(HASH_BYTES), ikm),
  expand: async (prk, info, length) => {
    const blocks: Uint8Array[] = [];
    for (let counter = 1; blocks.length * HASH_BYTES < length; counter++) {
      blocks.push(
        hmac(prk, Buffer.concat([blocks.at(-1) ?? new Uint8Array(), info, Uint8Array.of(counter)])),
      );
    }
    return Uint8Array.from(Buffer.concat(blocks).subarray(0, length));
  },
};

export async function createSuite(number: SuiteNumber): Promise<CiphersuiteImpl> {
  return { ...(await getCiphersuiteImpl(getCiphersuiteFromName(SUITE_NAMES[number]))), hash, kdf };
}

function hmac(key: Uint8Array, data: Uint8Array): Uint8Array {
  return Uint8Array.from(createHmac('sha256', key).update(data).digest());
}
