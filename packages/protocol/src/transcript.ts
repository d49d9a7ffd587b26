import { PROTOCOL_VERSION } from './version.ts';

/** A field of a transcript. Numbers are taken as unsigned 64-bit. */
export type TranscriptField = string | number | Uint8Array;

/**
 * The bytes that a proof signs: the protocol's name and version, what the proof is for, and its fields, each with its
 * length in front (4 bytes, big-endian). Two different lists of fields never give the same bytes, and no proof can be
 * taken for one of another purpose.
 */
export function transcript(purpose: string, fields: readonly TranscriptField[]): Uint8Array<ArrayBuffer> {
  const parts = [`quicprochat/${PROTOCOL_VERSION}`, purpose, ...fields].map(toPart);
  const joined = new Uint8Array(parts.reduce<number>((total, part) => total + 4 + lengthOf(part), 0));
  const view = new DataView(joined.buffer);
  let offset = 0;
  for (const part of parts) {
    const length = lengthOf(part);
    view.setUint32(offset, length);
    offset += 4;
    if (typeof part === 'number') view.setBigUint64(offset, BigInt(part));
    else if (typeof part === 'string') writeAscii(joined, offset, part);
    else joined.set(part, offset);
    offset += length;
  }
  return joined;
}

/** Text of ASCII alone, which most fields are, stays text: a byte for each character, and nothing to encode apart. */
function toPart(field: TranscriptField): TranscriptField {
  return typeof field === 'string' && !isAscii(field) ? new TextEncoder().encode(field) : field;
}

function lengthOf(part: TranscriptField): number {
  return typeof part === 'number' ? 8 : part.length;
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

function writeAscii(bytes: Uint8Array, offset: number, text: string): void {
  for (let i = 0; i < text.length; i += 1) bytes[offset + i] = text.charCodeAt(i);
}
