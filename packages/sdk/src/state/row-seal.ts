import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { fromBase64Url, toBase64Url } from '@quicprochat/protocol';
import type { Random } from '../platform/platform.ts';

const ID_BYTES = 16;
const VERSION_BYTES = 8;
const NONCE_BYTES = 24;
const TAG_BYTES = 16;
const LABEL = utf8ToBytes('quicprochat row');

/**
 * Seals the SDK's own rows before they reach the storage.
 *
 * ```text
 * struct {
 *     uint8 form = 2;
 *     uint64 version;            // the generation of the store that the row was written in
 *     opaque nonce[24];          // random
 *     opaque sealed_row[];       // XChaCha20-Poly1305, the tag at its end
 * } SealedRow;
 *
 * aad = "quicprochat row" || store_id || version || key, as it is stored
 * root = HKDF-Extract(store_id, store_key), with SHA-256
 * row_key, name_key, key_check = HKDF-Expand(root, label, 32, 32, 8)
 * ```
 *
 * A value opens under its own key, in its own store and with its own version alone. Nonces are random and long enough for
 * that (192 bits): a counter would come again when a store is put back, or when two tabs write from the same state. The
 * core seals its records with keys of its own from the same store key.
 */
export class RowSeal {
  /** The first byte of a sealed row. */
  static readonly FORM = 2;
  /** Distinguishes stores; random, and no secret. base64url */
  readonly storeId: string;
  /** Tells a wrong key from a damaged row. It says nothing about the key to those who do not have it. base64url */
  readonly keyCheck: string;
  readonly #id: Uint8Array;
  readonly #rowKey: Uint8Array;
  readonly #nameKey: Uint8Array;

  /** @param storeId base64url */
  constructor(storeKey: Uint8Array, storeId: string) {
    this.storeId = storeId;
    this.#id = fromBase64Url(storeId);
    const derive = (label: string, length: number) =>
      hkdf(sha256, storeKey, this.#id, utf8ToBytes(`quicprochat ${label} v1`), length);
    this.#rowKey = derive('sdk row key', 32);
    this.#nameKey = derive('sdk name key', 32);
    this.keyCheck = toBase64Url(derive('sdk key check', 8));
  }

  /** A seal for a new store. */
  static fresh(storeKey: Uint8Array, random: Random): RowSeal {
    return new RowSeal(storeKey, toBase64Url(random.bytes(ID_BYTES)));
  }

  /** Stands in a stored key in place of what would tell of people: the same for the same name, and unreadable. */
  nameFor(name: string): string {
    return toBase64Url(hmac(sha256, this.#nameKey, utf8ToBytes(name)));
  }

  seal(key: string, version: number, row: Uint8Array, random: Random): Uint8Array {
    const sealed = new Uint8Array(1 + VERSION_BYTES + NONCE_BYTES + row.length + TAG_BYTES);
    sealed[0] = RowSeal.FORM;
    sealed.set(bytesOf(version), 1);
    const nonce = random.bytes(NONCE_BYTES);
    sealed.set(nonce, 1 + VERSION_BYTES);
    const cipher = xchacha20poly1305(this.#rowKey, nonce, this.#additionalData(key, sealed));
    sealed.set(cipher.encrypt(row), 1 + VERSION_BYTES + NONCE_BYTES);
    return sealed;
  }

  /** Returns the row; undefined if it is not what was sealed under this key with the version that it names. */
  open(key: string, sealed: Uint8Array): Uint8Array | undefined {
    if (!RowSeal.isSealed(sealed)) return undefined;
    const nonce = sealed.subarray(1 + VERSION_BYTES, 1 + VERSION_BYTES + NONCE_BYTES);
    const cipher = xchacha20poly1305(this.#rowKey, nonce, this.#additionalData(key, sealed));
    try {
      return cipher.decrypt(sealed.subarray(1 + VERSION_BYTES + NONCE_BYTES));
    } catch {
      return undefined;
    }
  }

  /** Whether this has the form of a sealed row, which says nothing about whether it opens. */
  static isSealed(stored: Uint8Array): boolean {
    return stored[0] === RowSeal.FORM && stored.length >= 1 + VERSION_BYTES + NONCE_BYTES + TAG_BYTES;
  }

  #additionalData(key: string, sealed: Uint8Array): Uint8Array {
    return concatBytes(LABEL, this.#id, sealed.subarray(1, 1 + VERSION_BYTES), utf8ToBytes(key));
  }
}

function bytesOf(version: number): Uint8Array {
  const bytes = new Uint8Array(VERSION_BYTES);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(version));
  return bytes;
}
