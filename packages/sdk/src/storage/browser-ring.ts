import { hasCode, sdkError } from '../model/errors.ts';
import type { KeyRing, StoredRow } from './storage.ts';

/** The key ring of a browser's storage in the database of the store key, where what is deleted can stay for a while. */
export interface RingDatabase {
  rows(): Promise<StoredRow[]>;
  put(rows: readonly StoredRow[]): Promise<void>;
  erase(keys: readonly string[]): Promise<void>;
  /** Whether keys were ever put into files. */
  hasFiles(): Promise<boolean>;
  noteFiles(): Promise<void>;
}

/**
 * The key ring of a browser's storage: in files that are overwritten, if there are any, and otherwise in a database. It
 * never takes keys for erased because the files cannot be read at the moment: a conversation would be stuck for ever.
 */
export class BrowserRing {
  readonly #name: string;
  readonly #database: RingDatabase;
  #files: KeyRing | undefined;
  /** Whether keys are put into files, once that is known. */
  #isInFiles: boolean | undefined;
  /** What was read last. Each change of the ring comes with a new generation of the store. */
  #read: { generation: number; rows: readonly StoredRow[] } | undefined;

  constructor(name: string, database: RingDatabase) {
    this.#name = name;
    this.#database = database;
  }

  use(files: KeyRing): void {
    this.#files = files;
  }

  /** Those of both places, as they are at a generation of the store: an earlier version had them in the database. */
  async rows(generation: number): Promise<readonly StoredRow[]> {
    if (this.#read?.generation !== generation) {
      const [inDatabase, inFiles] = [await this.#database.rows(), await this.#rowsInFiles()];
      const rows = new Map([...inDatabase, ...inFiles].map((row) => [row.key, row]));
      this.#read = { generation, rows: [...rows.values()].sort((a, b) => (a.key < b.key ? -1 : 1)) };
    }
    return this.#read.rows;
  }

  async put(rows: readonly StoredRow[]): Promise<void> {
    this.#read = undefined;
    if (this.#isInFiles === undefined) await this.#rowsInFiles();
    if (this.#isInFiles !== true) return this.#database.put(rows);
    // First, so that nobody who cannot read the files takes what is in them for erased.
    if (!(await this.#database.hasFiles())) await this.#database.noteFiles();
    await guarded(() => this.#files?.put(this.#name, rows));
  }

  async erase(keys: readonly string[]): Promise<void> {
    this.#read = undefined;
    if (this.#isInFiles === true) await guarded(() => this.#files?.erase(this.#name, keys));
    await this.#database.erase(keys);
  }

  /** @throws {StorageError} STORE_UNAVAILABLE if keys are in files that cannot be read */
  async #rowsInFiles(): Promise<readonly StoredRow[]> {
    const rows = await guarded(() => this.#files?.rows(this.#name));
    if (rows === undefined && (await this.#database.hasFiles())) throw unavailable();
    this.#isInFiles = rows !== undefined;
    return rows ?? [];
  }
}

async function guarded<Result>(work: () => Promise<Result> | undefined): Promise<Result | undefined> {
  try {
    return await work();
  } catch (error) {
    throw hasCode(error, 'WORKER_STOPPED', 'WORKER_NOT_FOUND', 'STORE_UNAVAILABLE')
      ? error
      : unavailable(error);
  }
}

function unavailable(cause?: unknown) {
  return sdkError(
    'STORE_UNAVAILABLE',
    'The browser’s private files cannot be used. Nothing was changed; check that this site may store data, restart the browser, and try again.',
    { details: { reason: 'failed' }, cause },
  );
}
