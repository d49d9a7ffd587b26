/**
 * Where a client keeps everything: one ordered map from text keys to bytes, changed by compare-and-swap. Each commit
 * names the generation that it was computed from and raises it by one; a commit from an older generation is refused
 * whole. So any number of tabs or processes can share a store: the slower one reloads and computes again, and two
 * states of one MLS group can never be mixed. `contract.ts` in test/ is what every implementation must pass.
 */
export interface Storage {
  /** How many commits there have been. 0 for a new store. */
  generation(): Promise<number>;

  get(key: string): Promise<Uint8Array | undefined>;

  /** Rows in the order of their keys (code units), or in reverse. */
  scan(range: ScanRange): Promise<StoredRow[]>;

  /**
   * Writes all or nothing, durably: when this resolves, the writes survive a crash.
   *
   * @returns the new generation
   * @throws {StorageConflict} where the store's generation is not `expected`; nothing was written
   */
  commit(writes: readonly StorageWrite[], expected: number): Promise<number>;

  /**
   * The key that the core seals its records with, kept apart from the rows: a copy of the rows alone opens nothing.
   * Where there is none yet, `fresh` becomes it, unless another tab or process was quicker.
   *
   * @returns 32 bytes; none where there is no key and no `fresh`
   */
  storeKey(fresh?: Uint8Array): Promise<Uint8Array | undefined>;

  /** Calls back after another tab or process committed. May call back too often. Returns how to stop it. */
  onForeignCommit(listener: () => void): () => void;

  /** Gives back what the store holds open. Nothing may be called after it. */
  close(): Promise<void>;
}

export interface ScanRange {
  /** Only keys that start with this. */
  prefix: string;
  /** Only keys after this one. */
  after?: string;
  /** Only keys before this one. */
  before?: string;
  limit?: number;
  reverse?: boolean;
}

export interface StoredRow {
  key: string;
  value: Uint8Array;
}

/** One change; no value means delete. */
export interface StorageWrite {
  key: string;
  value: Uint8Array | undefined;
}

/** Another tab or process committed first: reload and compute again. Never reaches the SDK's caller. */
export class StorageConflict extends Error {
  override readonly name = 'StorageConflict';
}

/** The first key after every key that starts with the prefix. */
export function endOfPrefix(prefix: string): string {
  return `${prefix}\uffff`;
}
