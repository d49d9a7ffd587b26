import { z } from 'zod';

/**
 * The MLS cipher suites of groups that we create, by their registered numbers. Signatures are Ed25519 in all of them:
 * MLS's security proof needs signatures that are strongly unforgeable, which ECDSA is not (ePrint 2025/229).
 */
export const CIPHER_SUITES = {
  /** MLS_128_DHKEMX25519_AES128GCM_SHA256_Ed25519 (RFC 9420 §17.1). */
  x25519Aes128: 0x0001,
  /** MLS_128_DHKEMX25519_CHACHA20POLY1305_SHA256_Ed25519 (RFC 9420 §17.1). */
  x25519ChaCha20: 0x0003,
  /** The X25519 and ML-KEM-768 hybrid with AES-256-GCM, SHA-384 and Ed25519 (draft-ietf-mls-pq-ciphersuites). */
  x25519MlKem768Aes256: 0x004e,
  /** The X25519 and ML-KEM-768 hybrid with AES-128-GCM, SHA-256 and Ed25519 (draft-ietf-mls-pq-ciphersuites). */
  x25519MlKem768Aes128: 0x004f,
} as const;

export type CipherSuite = (typeof CIPHER_SUITES)[keyof typeof CIPHER_SUITES];

export const cipherSuiteSchema = z.union([
  z.literal(0x0001),
  z.literal(0x0003),
  z.literal(0x004e),
  z.literal(0x004f),
]);
