import { z } from 'zod';
import { entryIdSchema } from '@quicprochat/protocol';

/**
 * What stands inside an application message's ciphertext: JSON with a version and a type. It comes from another
 * member, who may be hostile: everything is checked, and who sent it is never read from here.
 */

/** Most that the core seals in one message; padded, it stays under the relay's limit. */
export const MAX_PAYLOAD_BYTES = 64 * 1024;
export const MAX_NAME_LENGTH = 128;

const base = {
  v: z.literal(1),
  id: entryIdSchema,
  at: z.number().min(0),
  /** Others may have opened it already: it is shown once. */
  again: z.literal(true).optional(),
};

const payloadSchema = z.discriminatedUnion('type', [
  z.object({ ...base, type: z.literal('text'), text: z.string().max(MAX_PAYLOAD_BYTES) }),
  z.object({
    ...base,
    type: z.literal('name'),
    name: z.string().max(MAX_NAME_LENGTH),
    /** The name that the conversation has had all along, for those whom the sender has just added. Nobody renames it. */
    reminder: z.literal(true).optional(),
  }),
]);

/** For types that this version does not know: newer ones carry a text for older readers. */
const fallbackSchema = z.object({ ...base, type: z.string(), fallback: z.string().max(MAX_PAYLOAD_BYTES) });

export type Payload = z.infer<typeof payloadSchema>;

export type DecodedPayload = Payload | { type: 'malformed' } | { type: 'unsupported' };

export function encodePayload(payload: Payload): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(payload));
}

/** Returns a payload that tells it may have been opened before; unchanged where that would make it too long. */
export function encodeAgain(bytes: Uint8Array): Uint8Array {
  const payload = decodePayload(bytes);
  if (payload.type !== 'text' && payload.type !== 'name') return bytes;
  const again = encodePayload({ ...payload, again: true });
  return again.length > MAX_PAYLOAD_BYTES ? bytes : again;
}

/** Never throws: what cannot be read is told as such. */
export function decodePayload(bytes: Uint8Array): DecodedPayload {
  const json = parseJson(bytes);
  const known = payloadSchema.safeParse(json);
  if (known.success) return known.data;
  const newer = fallbackSchema.safeParse(json);
  if (newer.success && !['text', 'name'].includes(newer.data.type)) {
    return { v: 1, id: newer.data.id, at: newer.data.at, type: 'text', text: newer.data.fallback };
  }
  return { type: hasUnknownType(json) ? 'unsupported' : 'malformed' };
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

function hasUnknownType(json: unknown): boolean {
  const typed = z.object({ type: z.string() }).safeParse(json);
  return typed.success && !['text', 'name'].includes(typed.data.type);
}
