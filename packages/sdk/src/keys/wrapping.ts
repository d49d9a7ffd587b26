import { xchacha20poly1305 } from '@noble/ciphers/chacha.js';
import { hkdf } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { fromBase64Url, toBase64Url } from '@quicprochat/protocol';
import type { PassphraseCost } from '../model/key-slot-parts.ts';
import type { Random } from '../platform/platform.ts';
import type { DeviceKey } from '../storage/storage.ts';
import type { DeviceSlot, PasskeyReference, PassphraseSlot, SecretSlot, Slot } from './slots.ts';

/**
 * Wraps and unwraps the store key.
 *
 * ```text
 * passphrase: key = Argon2id(NFKC(passphrase), salt, cost)
 * secret:     key = HKDF-SHA256(secret, salt, "quicprochat key slot v1")
 *             wrapped = XChaCha20-Poly1305(key, nonce, aad, store_key)
 * device:     wrapped = AES-256-GCM(non-extractable key, nonce, aad, store_key)
 *
 * aad = "quicprochat key slot" || JSON of the slot without nonce and wrapped
 * ```
 */

/** Derives a key from a passphrase, somewhere where the memory that this takes can be given back. */
export type Derive = (input: {
  passphrase: Uint8Array;
  salt: Uint8Array;
  cost: PassphraseCost;
}) => Promise<Uint8Array>;

const SALT_BYTES = 16;
const NONCE_BYTES = 24;
const DEVICE_NONCE_BYTES = 12;

type Fresh = { id: string; addedAt: number };

export async function passphraseSlot(
  storeKey: Uint8Array,
  fresh: Fresh,
  by: { passphrase: string; cost: PassphraseCost; derive: Derive; random: Random },
): Promise<PassphraseSlot> {
  const { passphrase, cost, derive, random } = by;
  const salt = random.bytes(SALT_BYTES);
  const { memoryKib, passes, lanes } = cost;
  const head = {
    ...fresh,
    kind: 'passphrase' as const,
    salt: toBase64Url(salt),
    memoryKib,
    passes,
    lanes,
  };
  const key = await derive({ passphrase: bytesOf(passphrase), salt, cost });
  return { ...head, ...wrap(storeKey, key, { head, random }) };
}

export function secretSlot(
  storeKey: Uint8Array,
  fresh: Fresh,
  by: { secret: Uint8Array; passkey: PasskeyReference | undefined; random: Random },
): SecretSlot {
  const { secret, passkey, random } = by;
  const salt = random.bytes(SALT_BYTES);
  const head = {
    ...fresh,
    kind: 'secret' as const,
    salt: toBase64Url(salt),
    ...(passkey !== undefined && {
      passkey: { credentialId: passkey.credentialId, salt: passkey.salt },
    }),
  };
  return { ...head, ...wrap(storeKey, secretKey(secret, salt), { head, random }) };
}

export async function deviceSlot(
  storeKey: Uint8Array,
  addedAt: number,
  by: { deviceKey: DeviceKey; random: Random },
): Promise<DeviceSlot> {
  const head = { id: 'device', addedAt, kind: 'device' as const };
  const nonce = by.random.bytes(DEVICE_NONCE_BYTES);
  const wrapped = await by.deviceKey.seal(storeKey, { nonce, additionalData: additionalData(head) });
  return { ...head, nonce: toBase64Url(nonce), wrapped: toBase64Url(wrapped) };
}

/** Returns the store key; undefined if the slot has another passphrase, or was changed. */
export async function openByPassphrase(
  slot: PassphraseSlot,
  passphrase: string,
  derive: Derive,
): Promise<Uint8Array | undefined> {
  const { memoryKib, passes, lanes } = slot;
  const salt = fromBase64Url(slot.salt);
  const key = await derive({
    passphrase: bytesOf(passphrase),
    salt,
    cost: { memoryKib, passes, lanes },
  });
  return unwrap(slot, key);
}

/** Returns the store key; undefined if the slot has another secret, or was changed. */
export function openBySecret(slot: SecretSlot, secret: Uint8Array): Uint8Array | undefined {
  return unwrap(slot, secretKey(secret, fromBase64Url(slot.salt)));
}

/** Returns the store key; undefined if the slot has another device key, or was changed. */
export function openByDevice(slot: DeviceSlot, deviceKey: DeviceKey): Promise<Uint8Array | undefined> {
  return deviceKey.open(fromBase64Url(slot.wrapped), {
    nonce: fromBase64Url(slot.nonce),
    additionalData: additionalData(slot),
  });
}

function wrap(storeKey: Uint8Array, key: Uint8Array, { head, random }: { head: Slot; random: Random }) {
  const nonce = random.bytes(NONCE_BYTES);
  const sealed = xchacha20poly1305(key, nonce, additionalData(head)).encrypt(storeKey);
  key.fill(0);
  return { nonce: toBase64Url(nonce), wrapped: toBase64Url(sealed) };
}

function unwrap(slot: PassphraseSlot | SecretSlot, key: Uint8Array): Uint8Array | undefined {
  try {
    const cipher = xchacha20poly1305(key, fromBase64Url(slot.nonce), additionalData(slot));
    return cipher.decrypt(fromBase64Url(slot.wrapped));
  } catch {
    return undefined;
  } finally {
    key.fill(0);
  }
}

function secretKey(secret: Uint8Array, salt: Uint8Array): Uint8Array {
  return hkdf(sha256, secret, salt, utf8ToBytes('quicprochat key slot v1'), 32);
}

/** A passphrase may be typed on keyboards that compose its characters differently. */
function bytesOf(passphrase: string): Uint8Array {
  return utf8ToBytes(passphrase.normalize('NFKC'));
}

/** Sorted, so that it does not depend on the order in which a slot was written. */
function additionalData(slot: Slot): Uint8Array<ArrayBuffer> {
  const fields = Object.entries(slot).filter(([name]) => name !== 'nonce' && name !== 'wrapped');
  const sorted = fields.sort(([a], [b]) => (a < b ? -1 : 1));
  return new Uint8Array(utf8ToBytes(`quicprochat key slot${JSON.stringify(sorted)}`));
}
