import { sdkError } from '../model/errors.ts';

const KEY_BYTES = 32;
/** With which a document of slots begins. */
const BRACE = '{'.charCodeAt(0);

/**
 * Returns a key that is kept as it is.
 *
 * @throws {StorageError} STORE_LOCKED if slots wrap it; STORE_KEY_MISSING if it is damaged
 */
export function bareKey(kept: Uint8Array): Uint8Array {
  if (kept.length === KEY_BYTES) return kept;
  if (kept[0] === BRACE)
    throw sdkError('STORE_LOCKED', 'This storage has key slots. Open it by Client.create.');
  throw sdkError(
    'STORE_KEY_MISSING',
    'The key of this storage is damaged. Nothing was changed; put an intact copy in its place.',
  );
}

export function isSame(left: Uint8Array | undefined, right: Uint8Array | undefined): boolean {
  if (left === undefined || right === undefined) return left === right;
  return left.length === right.length && left.every((byte, i) => byte === right[i]);
}
