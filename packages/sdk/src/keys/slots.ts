import { bytes } from '@quicprochat/protocol';
import { z } from 'zod';

/**
 * The forms of the slots that a slot document holds (document.ts). Each wraps the same store key in a way of its own.
 * Bytes are base64url.
 */

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

export const DEFAULT_COST: PassphraseCost = { memoryKib: 64 * 1_024, passes: 3, lanes: 1 };

const costShape = {
  memoryKib: z.int().min(8).max(MAX_MEMORY_KIB),
  passes: z.int().min(1).max(MAX_PASSES),
  lanes: z.int().min(1).max(MAX_LANES),
};

/** The passkey that a secret comes from, and what it is asked. No secrets. */
const passkeySchema = z.strictObject({
  credentialId: textOf({ min: 1, max: MAX_CREDENTIAL_ID_BYTES }),
  salt: textOf(32),
});

/** What a browser needs to ask a passkey for a slot's secret. */
export type PasskeyReference = z.infer<typeof passkeySchema>;

const added = { id: z.string().min(1).max(64), addedAt: z.int().min(0) };
const nonce = textOf(24);
const wrapped = textOf(32 + 16);

const passphraseSlot = z
  .strictObject({
    ...added,
    kind: z.literal('passphrase'),
    salt: textOf(16),
    ...costShape,
    nonce,
    wrapped,
  })
  .refine(hasMemoryForLanes);

const secretSlot = z.strictObject({
  ...added,
  kind: z.literal('secret'),
  salt: textOf(16),
  passkey: passkeySchema.optional(),
  nonce,
  wrapped,
});

const deviceSlot = z.strictObject({
  ...added,
  kind: z.literal('device'),
  nonce: textOf(12),
  wrapped,
});

/** The store key itself. A key file of 32 bytes is one such slot, and does not say when it was added. */
const fileSlot = z.strictObject({ id: z.literal('file'), kind: z.literal('file'), key: textOf(32) });

const KNOWN: readonly string[] = ['passphrase', 'secret', 'device', 'file'];

/** A slot that another version of the SDK made. It stays as it is. */
const otherSlot = z.looseObject({
  ...added,
  addedAt: added.addedAt.optional(),
  kind: z.string().refine((kind) => !KNOWN.includes(kind)),
});

export const slotSchema = z.union([passphraseSlot, secretSlot, deviceSlot, fileSlot, otherSlot]);

export type PassphraseSlot = z.infer<typeof passphraseSlot>;
export type SecretSlot = z.infer<typeof secretSlot>;
export type DeviceSlot = z.infer<typeof deviceSlot>;
export type FileSlot = z.infer<typeof fileSlot>;
export type KnownSlot = PassphraseSlot | SecretSlot | DeviceSlot | FileSlot;
export type Slot = KnownSlot | z.infer<typeof otherSlot>;

export function isOf<Kind extends KnownSlot['kind']>(kind: Kind) {
  return (slot: Slot): slot is Extract<KnownSlot, { kind: Kind }> => slot.kind === kind;
}

/** What Argon2id needs. */
function hasMemoryForLanes({ memoryKib, lanes }: PassphraseCost): boolean {
  return memoryKib >= 8 * lanes;
}

function textOf(length: Parameters<typeof bytes>[0]) {
  const schema = bytes(length);
  return z.string().refine((text) => schema.safeParse(text).success);
}
