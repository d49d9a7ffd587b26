import { coreError, sdkError } from '../model/errors.ts';
import type { Random } from '../platform/platform.ts';
import { decodeRow } from './codec.ts';
import { RowSeal } from './row-seal.ts';
import { HEADER, stores, STORE_VERSION, type StoreRow } from './rows.ts';

/**
 * The key of the row that says which version the store has, and by what it is sealed. It is written with the account, and
 * not sealed itself. Its form must stay as it is in all versions: clients of older ones look at it.
 */
export const HEADER_KEY = `${stores.name}/${HEADER}`;

/** Returns the header of a new store. */
export function newHeader(storeKey: Uint8Array, random: Random): StoreRow {
  return { version: STORE_VERSION, ...sealFields(RowSeal.fresh(storeKey, random)) };
}

/** What a header says of the seal. */
export function sealFields({ storeId, keyCheck }: RowSeal): Pick<StoreRow, 'id' | 'keyCheck'> {
  return { id: storeId, keyCheck };
}

/** @throws {StorageError} STORE_CORRUPT */
export function readHeader(stored: Uint8Array): StoreRow {
  return decodeRow(HEADER_KEY, stored) as StoreRow;
}

/**
 * Checks that this release can read the store. One without a header was written before there was any.
 *
 * @throws {StorageError} STORE_VERSION
 */
export function requireVersion(header: StoreRow | undefined): asserts header is StoreRow {
  const version = header?.version ?? 0;
  if (version === STORE_VERSION) return;
  const message =
    version > STORE_VERSION
      ? 'A newer version of quicprochat wrote this storage. Update this app; in a browser, reload the page.'
      : 'An older version of quicprochat wrote this storage, and this version cannot read it. Use an empty storage.';
  throw sdkError('STORE_VERSION', message);
}

/**
 * Returns what seals the rows of a store with this header.
 *
 * @throws {StorageError} STORE_KEY_MISSING, STORE_KEY_WRONG, STORE_CORRUPT
 */
export function sealOf({ id, keyCheck }: StoreRow, storeKey: Uint8Array | undefined): RowSeal {
  if (id === undefined || keyCheck === undefined) throw damagedHeader();
  const seal = new RowSeal(requireKey(storeKey), id);
  if (seal.keyCheck !== keyCheck)
    throw coreError(
      'STORE_KEY_WRONG',
      'This storage was sealed with another key. Put back the key that belongs to it.',
    );
  return seal;
}

/** @throws {StorageError} STORE_KEY_MISSING */
export function requireKey(storeKey: Uint8Array | undefined): Uint8Array {
  if (storeKey !== undefined) return storeKey;
  throw sdkError(
    'STORE_KEY_MISSING',
    'The key of this storage is missing. Put it back: the storage cannot be opened without it.',
  );
}

export function damagedHeader() {
  return coreError('STORE_CORRUPT', `The stored row ${HEADER_KEY} is damaged.`);
}
