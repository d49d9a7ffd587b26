import { hasCode } from '../../model/errors.ts';
import type { StoredRow } from '../../storage/storage.ts';
import { decodeRow, encodeRow } from '../../state/codec.ts';
import type { Step } from './step.ts';

/** What the keys of messages say. */
const REPEATED = ['conversationId', 'position'];

/** Messages no longer repeat what their keys say. A damaged message is left unchanged; reading it throws STORE_CORRUPT. */
export const from5to6: Step = {
  from: 5,
  prefix: 'message/',
  begin: async () => ({ fields: {}, change: (row) => [{ key: row.key, value: shortened(row) }] }),
};

function shortened({ key, value }: StoredRow): Uint8Array {
  const row = rowIn(key, value);
  if (row === undefined) return value;
  const fields = Object.entries(row).filter(([name]) => !REPEATED.includes(name));
  return encodeRow(Object.fromEntries(fields));
}

function rowIn(key: string, value: Uint8Array): object | undefined {
  try {
    return decodeRow(key, value) as object;
  } catch (error) {
    if (hasCode(error, 'STORE_CORRUPT')) return undefined;
    throw error;
  }
}
