import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { fromBase64Url, toBase64Url } from '@quicprochat/protocol';
import { z } from 'zod';
import { sdkError } from '../model/errors.ts';
import { isOf, slotSchema, type FileSlot, type Slot } from './slots.ts';

const VERSION = 1;
const KEY_BYTES = 32;
const SUM_BYTES = 16;
/** Each passphrase slot that does not open costs a derivation. */
export const MAX_SLOTS = 16;
/** More than so many slots can have. */
const MAX_DOCUMENT_BYTES = 64 * 1_024;

/**
 * What is kept of the store key, apart from the rows: JSON in UTF-8.
 *
 * ```text
 * { "version": 1, "slots": [slot, …], "sum": base64url of the first 16 bytes of SHA-256({"version":1,"slots":[…]}) }
 * ```
 *
 * The sum tells a damaged document from a wrong passphrase. It is no protection: each slot is authenticated by itself.
 * A store that has only a `file` slot keeps the 32 bytes of the key instead of a document.
 */
const documentSchema = z.strictObject({
  version: z.literal(VERSION),
  slots: z
    .array(slotSchema)
    .min(1)
    .max(MAX_SLOTS)
    .refine((slots) => new Set(slots.map(({ id }) => id)).size === slots.length),
  sum: z.string(),
});

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Returns the slots of a document or of a bare key.
 *
 * @throws {StorageError} STORE_VERSION if a later version wrote it; STORE_KEY_MISSING if it is damaged
 */
export function readSlots(kept: Uint8Array): Slot[] {
  if (kept.length === KEY_BYTES) return [fileSlotOf(kept)];
  const json = kept.length > MAX_DOCUMENT_BYTES ? undefined : parsed(kept);
  const version = z.looseObject({ version: z.int() }).safeParse(json).data?.version ?? 0;
  if (version > VERSION)
    throw sdkError(
      'STORE_VERSION',
      'A newer version of quicprochat wrote this storage. Update this app; in a browser, reload the page.',
    );
  const document = documentSchema.safeParse(json);
  if (!document.success) throw damaged();
  const { slots } = json as { slots: unknown };
  if (sumOf(slots) !== document.data.sum) throw damaged();
  return document.data.slots;
}

/**
 * Returns what is kept for these slots: the key itself if there is no other slot than `file`. What could not be read again
 * is never returned: in the place of a document that can, it would lock everybody out for ever.
 *
 * @throws {UsageError} KEY_SLOTS_FULL if they are larger than a document can be
 */
export function encodeSlots(slots: readonly Slot[]): Uint8Array {
  const bytes = documentOf(slots);
  if (bytes.length > MAX_DOCUMENT_BYTES)
    throw sdkError(
      'KEY_SLOTS_FULL',
      'What opens this account takes up too much space. Remove something first.',
    );
  readSlots(bytes);
  return bytes;
}

/** The same for slots of any form. */
export function documentOf(slots: readonly Slot[]): Uint8Array {
  const [only] = slots;
  if (slots.length === 1 && only !== undefined && isOf('file')(only)) return fromBase64Url(only.key);
  return utf8ToBytes(JSON.stringify({ version: VERSION, slots, sum: sumOf(slots) }));
}

export function fileSlotOf(storeKey: Uint8Array): FileSlot {
  return { id: 'file', kind: 'file', key: toBase64Url(storeKey) };
}

function sumOf(slots: unknown): string {
  const digest = sha256(utf8ToBytes(JSON.stringify({ version: VERSION, slots })));
  return toBase64Url(digest.subarray(0, SUM_BYTES));
}

function parsed(kept: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(kept));
  } catch {
    return undefined;
  }
}

function damaged() {
  return sdkError(
    'STORE_KEY_MISSING',
    'The key slots of this storage are damaged. Nothing was changed; put an intact copy back.',
  );
}
