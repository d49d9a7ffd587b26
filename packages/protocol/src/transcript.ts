import { PROTOCOL_VERSION } from './version.ts';

/** A field of a transcript. Numbers are taken as unsigned 64-bit. */
export type TranscriptField = string | number | Uint8Array;

/**
 * The bytes that a proof signs: the protocol's name and version, what the proof is for, and its fields, each with its
 * length in front (4 bytes, big-endian). Two different lists of fields never give the same bytes, and no proof can be
 * taken for one of another purpose.
 */
export function transcript(purpose: string, fields: readonly TranscriptField[]): Uint8Array<ArrayBuffer> {
  const parts = [`quicprochat/${PROTOCOL_VERSION}`, purpose, ...fields].map(toBytes);
  const joined = new Uint8Array(parts.reduce((total, part) => total + 4 + part.length, 0));
  const view = new DataView(joined.buffer);
  let offset = 0;
  for (const part of parts) {
    view.setUint32(offset, part.length);
    joined.set(part, offset + 4);
    offset += 4 + part.length;
  }
  return joined;
}

function toBytes(field: TranscriptField): Uint8Array {
  if (typeof field === 'string') return new TextEncoder().encode(field);
  if (typeof field === 'number') return uint64(field);
  return field;
}

function uint64(value: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(value));
  return bytes;
}
