import type { Random } from '../../platform/platform.ts';
import type { Storage, StorageWrite, StoredRow } from '../../storage/storage.ts';
import type { StoreRow } from '../../state/rows.ts';

/** How the rows of one version of the store become those of the next. */
export interface Step {
  /** The version that it begins with. It ends with the next one. */
  from: number;
  /** The rows that it changes: those whose keys start with this. */
  prefix: string;
  /** @throws {StorageError} STORE_KEY_MISSING, STORE_KEY_WRONG; nothing has been changed then */
  begin(at: StepStart): Promise<StepInProgress>;
  /** Has the storage clean up after all rows were changed, if something must be. It may be called again. */
  end?(storage: Storage): Promise<void>;
}

export interface StepStart {
  storage: Storage;
  /** As it stands, perhaps from when the step was cut off. */
  header: StoreRow;
  random: Random;
}

export interface StepInProgress {
  /** What the header says besides, from the first commit on. */
  fields: Omit<StoreRow, 'version' | 'migration'>;
  /** Returns what proves that this client has changed the rows up to and with a key. `begin` checks it. */
  prove?: (after: string) => string;
  /**
   * Returns what becomes of one row. Each passes at least once, and what this writes can pass again.
   *
   * @param generation that of the commit
   */
  change: (row: StoredRow, generation: number) => StorageWrite[];
}
