import { coreError } from '../model/errors.ts';
import type { Random } from '../platform/platform.ts';
import type { ScanRange, Storage, StorageWrite, StoredRow } from '../storage/storage.ts';
import { isOfCore, OWN_CORE_PREFIX } from './core-keys.ts';
import { HEADER_KEY, readHeader, requireVersion, sealOf } from './header.ts';
import { isNamed, openRow, sealRow, storedKeyOf } from './sealed-rows.ts';
import type { RowSeal } from './row-seal.ts';
import { stores } from './rows.ts';

/** A row that is opened if somebody asks for it. */
export interface UnopenedRow {
  key: string;
  /** @throws {StorageError} STORE_CORRUPT */
  open: () => Uint8Array;
}

/**
 * The storage with the SDK's rows sealed. Three things pass as they are: the header, which says by what the store is sealed,
 * the core's records of groups, which the core has sealed, and the keys that it erases.
 */
export class SealedStorage implements Storage {
  readonly #storage: Storage;
  readonly #random: Random;
  /** That of the header which was read last. Another tab can empty the store and fill it anew. */
  #seal: RowSeal | undefined;

  constructor(storage: Storage, random: Random) {
    this.#storage = storage;
    this.#random = random;
  }

  generation(): Promise<number> {
    return this.#storage.generation();
  }

  async get(key: string): Promise<Uint8Array | undefined> {
    if (key === HEADER_KEY) return this.#readHeader();
    if (passesAsItIs(key)) return this.#storage.get(key);
    const [row] = await this.#open(async (seal) => {
      const storedKey = storedKeyOf(key, seal);
      const value = await this.#storage.get(storedKey);
      return value === undefined ? [] : [{ key: storedKey, value }];
    });
    return row?.value;
  }

  /** Rows whose stored keys are HMACs can only be read all at once. */
  async scan(range: ScanRange): Promise<StoredRow[]> {
    const { prefix, ...limits } = range;
    if (passesAsItIs(prefix)) return this.#storage.scan(range);
    const rows = await this.#open(() => this.#storage.scan(range));
    if (!isNamed(prefix)) return rows;
    if (Object.keys(limits).length > 0) throw new Error(`the rows under ${prefix} are stored without order`);
    return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  /**
   * Like {@link scan}, for rows of which few are asked for. Rows that others have sealed anew meanwhile do not open: the
   * generation tells.
   */
  async scanUnopened(range: ScanRange): Promise<UnopenedRow[]> {
    const seal = await this.#currentSeal();
    const stored = await this.#storage.scan(range);
    if (seal === undefined) return withoutHeader(stored);
    return stored.map((row) => ({ key: row.key, open: () => (openRow(row, seal) ?? damaged(row)).value }));
  }

  async commit(writes: readonly StorageWrite[], expected: number): Promise<number> {
    const header = writes.find(({ key }) => key === HEADER_KEY)?.value;
    const seal = header === undefined ? await this.#currentSeal() : await this.#sealOf(header);
    if (seal === undefined) throw new Error('a store begins with its header');
    const at = { version: expected + 1, random: this.#random };
    const sealed = writes.map((write) => (passesAsItIs(write.key) ? write : sealRow(write, seal, at)));
    const generation = await this.#storage.commit(sealed, expected);
    this.#seal = seal;
    return generation;
  }

  storeKey(fresh?: Uint8Array): Promise<Uint8Array | undefined> {
    return this.#storage.storeKey(fresh);
  }

  onForeignCommit(listener: () => void): () => void {
    return this.#storage.onForeignCommit(listener);
  }

  close(): Promise<void> {
    this.#seal = undefined;
    return this.#storage.close();
  }

  /** Reads rows and opens them, and once more if they were sealed by a header that came since. */
  async #open(read: (seal: RowSeal | undefined) => Promise<StoredRow[]>): Promise<StoredRow[]> {
    const seal = await this.#currentSeal();
    const stored = await read(seal);
    if (seal === undefined) return withoutHeader(stored);
    const rows = stored.map((row) => openRow(row, seal));
    const unopened = stored.find((_, i) => rows[i] === undefined);
    if (unopened === undefined) return rows as StoredRow[];
    const header = await this.#readHeader();
    requireVersion(header && readHeader(header));
    if (this.#seal === undefined) return this.#open(read);
    return damaged(unopened);
  }

  async #readHeader(): Promise<Uint8Array | undefined> {
    const header = await this.#storage.get(HEADER_KEY);
    const id = header && readHeader(header).id;
    if (id !== this.#seal?.storeId) this.#seal = undefined;
    return header;
  }

  /** What the store is sealed with; undefined if it is empty. */
  async #currentSeal(): Promise<RowSeal | undefined> {
    if (this.#seal !== undefined) return this.#seal;
    const header = await this.#readHeader();
    return header && (this.#seal = await this.#sealOf(header));
  }

  async #sealOf(stored: Uint8Array): Promise<RowSeal> {
    const header = readHeader(stored);
    requireVersion(header);
    return sealOf(header, await this.#storage.storeKey());
  }
}

/** Rows without a header are of the first versions, which had none. */
function withoutHeader(stored: readonly StoredRow[]): [] {
  if (stored.length > 0) requireVersion(undefined);
  return [];
}

function damaged({ key }: StoredRow): never {
  throw coreError('STORE_CORRUPT', `The stored row ${key} is damaged.`);
}

/** Whether a row is stored as it is. */
export function passesAsItIs(key: string): boolean {
  const isAsTheCoreWroteIt = isOfCore(key) && !key.startsWith(OWN_CORE_PREFIX);
  return isAsTheCoreWroteIt || key.startsWith(`${stores.name}/`);
}
