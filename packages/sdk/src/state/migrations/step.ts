import type { StoredRow } from '../../storage/storage.ts';

/** How the rows of one version of the store become those of the next. */
export interface Step {
  /** The version that it begins with. It ends with the next one. */
  from: number;
  /** The rows that it changes: those whose keys start with this. */
  prefix: string;
  /** Returns the new form of one row. Each row passes once; a step that is cut off goes on behind the last one. */
  change(row: StoredRow): Uint8Array;
}
