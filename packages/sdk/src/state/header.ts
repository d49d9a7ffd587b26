import { sdkError } from '../model/errors.ts';
import { HEADER, stores, STORE_VERSION, type StoreRow } from './rows.ts';

/**
 * The key of the row that says which version the store has. It is written with the account. Its form must stay as it is in
 * all versions: clients of older ones look at it.
 */
export const HEADER_KEY = `${stores.name}/${HEADER}`;

/**
 * Checks that this release can read the store. One without a header was written before there was any.
 *
 * @throws {StorageError} STORE_VERSION
 */
export function requireVersion(header: StoreRow | undefined): void {
  const version = header?.version ?? 0;
  if (version === STORE_VERSION) return;
  const message =
    version > STORE_VERSION
      ? 'A newer version of quicprochat wrote this storage. Update this app; in a browser, reload the page.'
      : 'An older version of quicprochat wrote this storage, and this version cannot read it. Use an empty storage.';
  throw sdkError('STORE_VERSION', message);
}
