/**
 * Where a client keeps everything: one ordered map from text keys to bytes, changed by compare-and-swap. Each commit
 * names the generation that it was computed from and raises it by one. A commit from an older generation is rejected
 * as a whole. So any number of tabs or processes can share a store: the slower one reloads and computes again, and two
 * states of one MLS group can never be mixed. Every implementation must pass `contract.ts` in test/.
 */
export interface Storage {
  /** Returns how many commits there have been: 0 for a new store. */
  generation(): Promise<number>;

  get(key: string): Promise<Uint8Array | undefined>;

  /** Returns rows in the order of their keys (code units), or in reverse. */
  scan(range: ScanRange): Promise<StoredRow[]>;

  /**
   * Writes everything or nothing, durably: when this resolves, the writes survive a crash.
   *
   * @returns the new generation
   * @throws {StorageConflict} if the store's generation is not `expected`; nothing was written
   */
  commit(writes: readonly StorageWrite[], expected: number): Promise<number>;

  /**
   * Returns the key that everything in the store is sealed with. It is kept apart from the rows, so a copy of the rows
   * alone opens nothing. If there is no key yet, `fresh` becomes the key, unless another tab or process was quicker.
   *
   * The SDK does not call this if there are {@link keySlots}.
   *
   * @returns 32 bytes; undefined if there is no key and no `fresh`
   * @throws {StorageError} STORE_LOCKED if there are key slots, and the key is kept in wrapped form alone
   */
  storeKey(fresh?: Uint8Array): Promise<Uint8Array | undefined>;

  /** Where the wrapped key is kept. Without this, nothing can be added to what {@link storeKey} returns. */
  readonly keySlots?: KeySlotStorage;

  /**
   * Takes a place where rows under {@link RING_PREFIX} are overwritten when they are deleted. Called once, before anything is
   * read. Only for storages that have no such place of their own.
   */
  useKeyRing?(ring: KeyRing): void;

  /**
   * Takes what was deleted and replaced out of the files, as far as the system lets. Only called where something was
   * stored that must not remain, and again if it fails. Without it, that is up to the system.
   */
  expunge?(): Promise<void>;

  /**
   * Returns the generation that `commit` last noted apart from the rows, before it wrote them. It is that of the rows, or
   * one ahead if a commit failed. If it is further ahead, the rows were put back to an earlier state. If it is behind, the
   * note itself was lost or put back. `commit` does not lower a note. Without this method, the SDK concludes nothing.
   *
   * @returns undefined if there is no note
   */
  notedGeneration?(): Promise<number | undefined>;

  /** Sets the note, once it is stored what follows from one that was ahead. */
  noteGeneration?(generation: number): Promise<void>;

  /** Calls the listener after another tab or process committed, perhaps too often. Returns a function that stops this. */
  onForeignCommit(listener: () => void): () => void;

  /** Closes everything that the store holds open. Call nothing after it. */
  close(): Promise<void>;
}

/**
 * Keeps one value apart from the rows: what the SDK needs to find the store key. Either the key itself, 32 bytes, or a
 * document of slots that wrap it.
 */
export interface KeySlotStorage {
  read(): Promise<KeptKey | undefined>;

  /**
   * Replaces what is kept if it still is `expected`, durably. A crash leaves the old value or the new one, whole.
   *
   * @param expected undefined if nothing is kept yet
   * @returns false if something else is kept; nothing was changed then
   */
  swap(next: KeptKey, expected: Uint8Array | undefined): Promise<boolean>;

  /**
   * Makes a key that this device can use and nobody can read. Only storages that can keep one beside the bytes have this.
   *
   * @returns undefined if it turns out that this one cannot
   */
  newDeviceKey?(): Promise<DeviceKey | undefined>;
}

export interface KeptKey {
  bytes: Uint8Array;
  /** Replaced and deleted together with the bytes. */
  deviceKey?: DeviceKey | undefined;
}

/** A key that is used where it is kept. */
export interface DeviceKey {
  seal(plaintext: Uint8Array, by: DeviceKeyInput): Promise<Uint8Array>;

  /** Returns undefined if the ciphertext does not open. */
  open(ciphertext: Uint8Array, by: DeviceKeyInput): Promise<Uint8Array | undefined>;
}

export interface DeviceKeyInput {
  /** 12 bytes. */
  nonce: Uint8Array;
  additionalData: Uint8Array;
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

/** One change. If there is no value, the row is deleted. */
export interface StorageWrite {
  key: string;
  value: Uint8Array | undefined;
}

/** Another tab or process committed first: reload and compute again. Never reaches the SDK's caller. */
export class StorageConflict extends Error {
  override readonly name = 'StorageConflict';
}

/**
 * Rows under this prefix are keys that seal other rows and are deleted when those are over: whoever has an old copy of the
 * others must not find them. The built-in storages keep them apart, where they overwrite what is deleted as well as the
 * system lets them. `commit` has new ones stored before the other rows, and deletes them after those.
 */
export const RING_PREFIX = 'ring/';

/** Where keys are overwritten when they are deleted. */
export interface KeyRing {
  /** @returns undefined if there is no such place in this browser or window */
  rows(name: string): Promise<StoredRow[] | undefined>;
  /** Resolves when the rows are on the disk. */
  put(name: string, rows: readonly StoredRow[]): Promise<void>;
  erase(name: string, keys: readonly string[]): Promise<void>;
}

/** The first key after every key that starts with the prefix. */
export function endOfPrefix(prefix: string): string {
  return `${prefix}\uffff`;
}
