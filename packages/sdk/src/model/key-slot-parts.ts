import { bytes } from '@quicprochat/protocol';
import { z } from 'zod';

/** What callers choose of a key slot. An argument is checked by the same forms as what is stored of it. */

/** The most memory, passes and lanes that a slot may ask for, as in crates/core/src/crypto/passphrase.rs. */
const MAX_MEMORY_KIB = 256 * 1_024;
const MAX_PASSES = 16;
const MAX_LANES = 4;

const MAX_CREDENTIAL_ID_BYTES = 1_023;

/** What a passphrase costs to try: Argon2id's parameters. */
export interface PassphraseCost {
  /** Memory in KiB. Default 65536 (64 MiB), at most 262144. */
  memoryKib: number;
  /** Passes over the memory. Default 3, at most 16. */
  passes: number;
  /** Default 1, at most 4. The SDK computes lanes one after the other, so more of them only help an attacker. */
  lanes: number;
}

/** A cost with the default for each part that is missing or undefined. */
export function costOf({
  memoryKib = 64 * 1_024,
  passes = 3,
  lanes = 1,
}: { [Part in keyof PassphraseCost]?: number | undefined } = {}): PassphraseCost {
  return { memoryKib, passes, lanes };
}

export const costShape = {
  memoryKib: z.int().min(8).max(MAX_MEMORY_KIB),
  passes: z.int().min(1).max(MAX_PASSES),
  lanes: z.int().min(1).max(MAX_LANES),
};

export const passkeyShape = {
  credentialId: textOf({ min: 1, max: MAX_CREDENTIAL_ID_BYTES }),
  salt: textOf(32),
};

/** What Argon2id needs. */
export function hasMemoryForLanes({ memoryKib, lanes }: PassphraseCost): boolean {
  return memoryKib >= 8 * lanes;
}

/** Bytes as canonical base64url. */
export function textOf(length: Parameters<typeof bytes>[0]) {
  const schema = bytes(length);
  return z.string().refine((text) => schema.safeParse(text).success);
}
