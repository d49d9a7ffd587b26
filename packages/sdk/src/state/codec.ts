import { coreError } from '../model/errors.ts';

/** The first byte of every row of the SDK's own. JSON in UTF-8 follows it. Core records have a form of their own. */
const FORM = 1;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Returns the stored form of a row. */
export function encodeRow(row: unknown): Uint8Array {
  const json = encoder.encode(JSON.stringify(row));
  const bytes = new Uint8Array(1 + json.length);
  bytes[0] = FORM;
  bytes.set(json, 1);
  return bytes;
}

/**
 * Returns the row that was stored under the key.
 *
 * @throws {StorageError} STORE_CORRUPT, naming the key
 */
export function decodeRow(key: string, bytes: Uint8Array): unknown {
  try {
    if (bytes[0] !== FORM) throw new Error('unknown form');
    return JSON.parse(decoder.decode(bytes.subarray(1)));
  } catch {
    throw coreError('STORE_CORRUPT', `The stored row ${key} is damaged.`);
  }
}
