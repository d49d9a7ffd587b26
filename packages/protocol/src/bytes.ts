import { base64urlnopad } from '@scure/base';
import { z } from 'zod';

/** The JSON form of bytes everywhere in this protocol: base64url without padding (RFC 4648 §5). */
export type Base64Url = string;

/** Bytes as their JSON form. */
export function toBase64Url(bytes: Uint8Array): Base64Url {
  return base64urlnopad.encode(bytes);
}

/**
 * The bytes of a JSON form.
 *
 * @throws {Error} where the text is not canonical base64url without padding
 */
export function fromBase64Url(text: Base64Url): Uint8Array<ArrayBuffer> {
  return new Uint8Array(base64urlnopad.decode(text));
}

/**
 * A schema that takes base64url text and gives bytes, of a fixed length or between two bounds.
 * The length is checked on the text first, so that an oversized value is refused before it is decoded.
 */
export function bytes(bounds: number | { min: number; max: number }) {
  const { min, max } = typeof bounds === 'number' ? { min: bounds, max: bounds } : bounds;
  return z
    .string()
    .max(textLength(max), `must be at most ${max} bytes`)
    .transform((text, context) => {
      const decoded = decodeOrUndefined(text);
      if (decoded === undefined) {
        context.addIssue({ code: 'custom', message: 'must be base64url without padding' });
        return z.NEVER;
      }
      if (decoded.length < min) {
        context.addIssue({ code: 'custom', message: `must be at least ${min} bytes` });
        return z.NEVER;
      }
      return decoded;
    });
}

/** Characters that base64url without padding needs for so many bytes. */
function textLength(byteLength: number): number {
  return Math.ceil((byteLength * 4) / 3);
}

function decodeOrUndefined(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return fromBase64Url(text);
  } catch {
    return undefined;
  }
}
