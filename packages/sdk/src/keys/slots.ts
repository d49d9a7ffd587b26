import { z } from 'zod';
import { costShape, hasMemoryForLanes, passkeyShape, textOf } from '../model/key-slot-parts.ts';

/**
 * The forms of the slots that a slot document holds (document.ts). Each wraps the same store key in a way of its own.
 * Bytes are base64url.
 */

/** The passkey that a secret comes from, and what it is asked. No secrets. */
const passkeySchema = z.strictObject(passkeyShape);

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
