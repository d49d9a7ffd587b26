/**
 * The chain of keys in a leaf, written a second time from its description in crates/core/src/identity/credential.rs: members that
 * run on ts-mls issue it, and verify it on every leaf they meet, without any code of the core.
 */
import {
  createPublicKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  verify as verifySignature,
} from 'node:crypto';
import type { KeyObject } from 'node:crypto';

const VERSION = 1;

/** An Ed25519 pair: the raw public key, and the seed that ts-mls takes as its private key. */
export interface SigningKey {
  publicKey: Uint8Array;
  seed: Uint8Array;
  key: KeyObject;
}

/** An account with its one device. */
export interface Identity {
  handle: string;
  account: SigningKey;
  deviceId: Uint8Array;
  device: SigningKey;
}

export function createSigningKey(): SigningKey {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { x, d } = privateKey.export({ format: 'jwk' });
  if (x === undefined || d === undefined) throw new Error('an Ed25519 key has both halves');
  return { publicKey: Buffer.from(x, 'base64url'), seed: Buffer.from(d, 'base64url'), key: privateKey };
}

export function createIdentity(handle: string): Identity {
  const deviceId = Uint8Array.from(randomBytes(16));
  return { handle, account: createSigningKey(), deviceId, device: createSigningKey() };
}

/** The credential's bytes for a leaf that signs with `leafKey`. */
export function issue({ handle, account, deviceId, device }: Identity, leafKey: Uint8Array): Uint8Array {
  const claim = [handle, account.publicKey, hex(deviceId), device.publicKey];
  const name = Buffer.from(handle);
  return Uint8Array.from(
    Buffer.concat([
      Uint8Array.of(VERSION, name.length),
      name,
      account.publicKey,
      deviceId,
      device.publicKey,
      sign(null, transcript('device-certificate', claim), account.key),
      sign(null, transcript('leaf-certificate', [...claim, leafKey]), device.key),
    ]),
  );
}

/** The handles of chains that held: members meet each other's leaves over and over. */
const held = new Map<string, string>();

/** The handle of a chain that holds for this leaf key. */
export function verifiedHandle(credential: Uint8Array, leafKey: Uint8Array): string | undefined {
  const name = Buffer.concat([credential, leafKey]).toString('base64');
  const handle = held.get(name) ?? verify(credential, leafKey);
  if (handle !== undefined) held.set(name, handle);
  return handle;
}

function verify(credential: Uint8Array, leafKey: Uint8Array): string | undefined {
  const bytes = Buffer.from(credential);
  const nameEnd = 2 + (bytes[1] ?? 0);
  if (bytes[0] !== VERSION || bytes.length !== nameEnd + 32 + 16 + 32 + 64 + 64) return undefined;
  let end = nameEnd;
  const take = (length: number) => bytes.subarray(end, (end += length));
  const [accountKey, deviceId, deviceKey] = [take(32), take(16), take(32)];
  const [deviceCertificate, leafCertificate] = [take(64), take(64)];
  const handle = bytes.toString('utf8', 2, nameEnd);
  const claim = [handle, accountKey, hex(deviceId), deviceKey];
  const isHeld =
    isSigned(accountKey, transcript('device-certificate', claim), deviceCertificate) &&
    isSigned(deviceKey, transcript('leaf-certificate', [...claim, leafKey]), leafCertificate);
  return isHeld ? handle : undefined;
}

/** Protocol, purpose and fields, each with its length in front (4 bytes, big-endian). */
function transcript(purpose: string, fields: readonly (string | Uint8Array)[]): Buffer {
  const parts = ['quicprochat/1', purpose, ...fields].map((field) => Buffer.from(field as string));
  return Buffer.concat(parts.flatMap((part) => [length32(part.length), part]));
}

function length32(length: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

function isSigned(rawKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(rawKey).toString('base64url');
  const key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
  return verifySignature(null, message, key, signature);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
