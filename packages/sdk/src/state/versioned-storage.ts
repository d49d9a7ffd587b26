import { hasCode, type QuicprochatError } from '../model/errors.ts';
import type { ScanRange, Storage, StoredRow, StorageWrite } from '../storage/storage.ts';
import { decodeRow } from './codec.ts';
import { HEADER_KEY, requireVersion } from './header.ts';
import type { StoreRow } from './rows.ts';

/**
 * The storage as one version of the SDK uses it. Once it is seen that another version wrote it, as a newer one in another
 * tab does, nothing is read from it or written to it any more: its rows may have any form.
 */
export class VersionedStorage implements Storage {
  readonly #storage: Storage;
  readonly #listeners = new Set<() => void>();
  #error: QuicprochatError | undefined;

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** STORE_VERSION, from when it is seen that another version wrote the storage. It stays. */
  get error(): QuicprochatError | undefined {
    return this.#error;
  }

  /** Calls the listener when {@link error} is set. */
  onErrorChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  /** @throws {StorageError} STORE_VERSION, if that is known already */
  requireKnown(): void {
    if (this.#error !== undefined) throw this.#error;
  }

  /**
   * Looks which version wrote the storage. Whoever reads rows of a generation looks after it has learned that generation
   * and before it decodes them. A storage without a header is empty, or was written before there were any.
   *
   * @throws {StorageError} STORE_VERSION
   */
  async checkVersion(): Promise<void> {
    const stored = await this.get(HEADER_KEY);
    await this.#noting(async () => {
      if (stored !== undefined) requireVersion(decodeRow(HEADER_KEY, stored) as StoreRow);
    });
  }

  generation(): Promise<number> {
    return this.#noting(() => this.#storage.generation());
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return this.#noting(() => this.#storage.get(key));
  }

  scan(range: ScanRange): Promise<StoredRow[]> {
    return this.#noting(() => this.#storage.scan(range));
  }

  commit(writes: readonly StorageWrite[], expected: number): Promise<number> {
    return this.#noting(() => this.#storage.commit(writes, expected));
  }

  storeKey(fresh?: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#noting(() => this.#storage.storeKey(fresh));
  }

  onForeignCommit(listener: () => void): () => void {
    return this.#storage.onForeignCommit(listener);
  }

  close(): Promise<void> {
    return this.#storage.close();
  }

  /** The storage itself may know that a newer version took it over: IndexedDB has version numbers of its own. */
  async #noting<Result>(work: () => Promise<Result>): Promise<Result> {
    this.requireKnown();
    try {
      return await work();
    } catch (error) {
      if (hasCode(error, 'STORE_VERSION')) this.#note(error);
      throw error;
    }
  }

  #note(error: QuicprochatError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    for (const listener of this.#listeners) listener();
  }
}
