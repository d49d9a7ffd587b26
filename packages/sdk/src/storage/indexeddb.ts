import { toBase64Url } from '@quicprochat/protocol';
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { check, STORAGE_NAME } from '../model/arguments.ts';
import { QuicprochatError, sdkError } from '../model/errors.ts';
import { quotaReached } from './quota.ts';
import { ambient } from '../platform/ambient.ts';
import { WebCryptoKey } from '../platform/device-key.ts';
import { bytesOfGeneration, generationOf } from './generation-bytes.ts';
import { bareKey, isSame } from './kept-key.ts';
import { BrowserRing, type RingDatabase } from './browser-ring.ts';
import { apart, isOfRing, reachOf, together } from './ring-rows.ts';
import {
  endOfPrefix,
  RING_PREFIX,
  StorageConflict,
  type KeptKey,
  type KeySlotStorage,
  type ScanRange,
  type Storage,
  type StorageWrite,
  type StoredRow,
} from './storage.ts';

/** A database of its own, so that what copies or shows the rows does not take the keys along. */
interface KeySchema extends DBSchema {
  /**
   * The store's key or the slots that wrap it, the device's key that belongs to them, the generation that a commit last
   * noted, and the key ring by the keys of its rows, or that it is in files. `trial` shows whether keys can be kept.
   */
  key: { key: string; value: Uint8Array | CryptoKey };
}

/** Says that the key ring is in files. */
const RING_FILES = 'ring-files';

interface Schema extends DBSchema {
  rows: { key: string; value: Uint8Array };
  /** How many commits there were, and a random mark of the last one, by which whoever made it knows it again. */
  meta: { key: 'generation' | 'mark'; value: number | string };
}

type Database = IDBPDatabase<Schema>;
type KeyDatabase = IDBPDatabase<KeySchema>;

/**
 * Returns a store in the browser's IndexedDB. Every commit is one read-write transaction with strict durability: by
 * default, browsers report success before the data is on disk. Tabs learn of each other's commits by BroadcastChannel.
 *
 * @param name the name of the store; use one store for each account
 * @throws {UsageError} INVALID_ARGUMENT if the name is empty or not a string
 */
export function indexedDbStorage(name: string): Storage {
  check(STORAGE_NAME, name);
  const connection = new Connection<Schema>(`quicprochat:${name}`, createRows);
  const keys = new Connection<KeySchema>(`quicprochat-key:${name}`, createKeys);
  const channel = new BroadcastChannel(`quicprochat:${name}`);
  const generation = () =>
    connection.use(async (database) => Number((await database.get('meta', 'generation')) ?? 0));
  const keyRing = new BrowserRing(name, ringIn(keys));
  const ringRows = async () => keyRing.rows(await generation());
  /** What is to be erased: with the next commit, if it failed after its own. */
  const toErase = new Set<string>();
  const erase = async () => {
    const keysToErase = [...toErase];
    await keyRing.erase(keysToErase);
    for (const key of keysToErase) toErase.delete(key);
  };

  return {
    generation,
    get: async (key) =>
      isOfRing(key)
        ? (await ringRows()).find((row) => row.key === key)?.value.slice()
        : connection.use((database) => database.get('rows', key)),
    scan: async (range) => {
      const { ring, others } = reachOf(range);
      const found = others ? await connection.use((database) => scan(database, range)) : [];
      return ring ? together(range, { ring: await ringRows(), others: found }) : found;
    },
    commit: async (writes, expected) => {
      const mark = toBase64Url(ambient.random.bytes(16));
      // Begun before the commit, and not waited for: where the note is lost, it is behind, which tells nothing.
      void keys.use((database) => raiseNote(database, expected + 1)).catch(() => undefined);
      const { added, others, erased } = apart(writes);
      if (added.length > 0) await keyRing.put(added);
      const next = await connection.use((database) => commit(database, others, { expected, mark }));
      for (const key of erased) toErase.add(key);
      // What fails here is erased with the next commit, or when the store is opened next.
      if (toErase.size > 0) await erase().catch(() => undefined);
      channel.postMessage('committed');
      return next;
    },
    storeKey: (fresh) => keys.use((database) => storeKey(database, fresh)),
    keySlots: keySlotsIn(keys),
    notedGeneration: () =>
      keys.use(async (database) => generationOf(bytesIn(await database.get('key', 'generation')))),
    noteGeneration: (generation) =>
      keys.use(async (database) => {
        await database.put('key', bytesOfGeneration(generation), 'generation');
      }),
    useKeyRing: (files) => {
      keyRing.use(files);
    },
    onForeignCommit: (listener) => {
      const onMessage = () => {
        listener();
      };
      channel.addEventListener('message', onMessage);
      return () => {
        channel.removeEventListener('message', onMessage);
      };
    },
    close: async () => {
      channel.close();
      await Promise.all([connection.close(), keys.close()]);
    },
  };
}

/**
 * The open database. A browser may close it at any time: under memory pressure, when its storage process restarts, after
 * an error of the disk. So it is opened again when it is needed next, and a failed opening is not remembered.
 */
class Connection<Schema extends DBSchema> {
  readonly #name: string;
  readonly #create: (fresh: IDBPDatabase<Schema>) => void;
  #opened: Promise<IDBPDatabase<Schema>> | undefined;

  /** @param create makes the object stores of a new database */
  constructor(name: string, create: (fresh: IDBPDatabase<Schema>) => void) {
    this.#name = name;
    this.#create = create;
  }

  /**
   * Runs work on the database, and once more on a fresh connection if the browser closed the one in use. A transaction
   * that a closing connection cuts off is aborted whole (Indexed Database API §2.1.1), or was on disk before the browser
   * could say so: work that writes must know its own writes again.
   *
   * @throws {StorageConflict} as the work does
   * @throws {StorageError} STORE_UNAVAILABLE, STORE_VERSION
   */
  use<Result>(work: (database: IDBPDatabase<Schema>) => Promise<Result>): Promise<Result> {
    return guarded(async () => {
      const opened = (this.#opened ??= this.#open());
      try {
        return await work(await opened);
      } catch (error) {
        if (!isOfClosedConnection(error)) throw error;
        this.#forget(opened);
        return work(await (this.#opened ??= this.#open()));
      }
    });
  }

  async close(): Promise<void> {
    const opened = this.#opened;
    this.#opened = undefined;
    // If it could not be opened, there is nothing to give back.
    await opened?.then(
      (database) => {
        database.close();
      },
      () => undefined,
    );
  }

  #open(): Promise<IDBPDatabase<Schema>> {
    const opened: Promise<IDBPDatabase<Schema>> = openDB<Schema>(this.#name, 1, {
      upgrade: this.#create,
      // A newer version of the page wants to change the schema: let it, rather than block it for ever.
      blocking: () => {
        this.#forget(opened);
      },
      terminated: () => {
        this.#forget(opened);
      },
    });
    opened.catch(() => {
      this.#forget(opened);
    });
    return opened;
  }

  /** Closes a connection, unless a newer one has taken its place already. */
  #forget(opened: Promise<IDBPDatabase<Schema>>): void {
    if (this.#opened === opened) this.#opened = undefined;
    opened.then(
      (database) => {
        database.close();
      },
      () => undefined,
    );
  }
}

function createRows(fresh: Database): void {
  fresh.createObjectStore('rows');
  fresh.createObjectStore('meta');
}

function createKeys(fresh: KeyDatabase): void {
  fresh.createObjectStore('key');
}

/** @param options.mark the same in a second try, and never used for anything else */
async function commit(
  database: Database,
  writes: readonly StorageWrite[],
  { expected, mark }: { expected: number; mark: string },
): Promise<number> {
  const transaction = database.transaction(['rows', 'meta'], 'readwrite', { durability: 'strict' });
  const rows = transaction.objectStore('rows');
  const meta = transaction.objectStore('meta');
  if (((await meta.get('generation')) ?? 0) !== expected) {
    const isDone = (await meta.get('mark')) === mark;
    transaction.abort();
    await transaction.done.catch(() => undefined);
    if (isDone) return expected + 1;
    throw new StorageConflict();
  }
  const requests = writes.map(({ key, value }) =>
    value === undefined ? rows.delete(key) : rows.put(value, key),
  );
  const marks = [meta.put(expected + 1, 'generation'), meta.put(mark, 'mark')];
  await Promise.all([...requests, ...marks, transaction.done]);
  return expected + 1;
}

async function storeKey(
  database: KeyDatabase,
  fresh: Uint8Array | undefined,
): Promise<Uint8Array | undefined> {
  const transaction = database.transaction('key', 'readwrite', { durability: 'strict' });
  let key = bytesIn(await transaction.store.get('store'));
  if (key === undefined && fresh !== undefined) {
    key = fresh;
    await transaction.store.put(fresh, 'store');
  }
  await transaction.done;
  return key && bareKey(key);
}

function keySlotsIn(keys: Connection<KeySchema>): KeySlotStorage {
  return {
    read: () => keys.use(readKept),
    swap: (next, expected) => keys.use((database) => swapKept(database, next, expected)),
    newDeviceKey: () => keys.use(newDeviceKey),
  };
}

/** Some browsers keep no keys in some windows, such as private ones. */
async function newDeviceKey(database: KeyDatabase): Promise<WebCryptoKey | undefined> {
  const deviceKey = await WebCryptoKey.generate();
  try {
    await database.put('key', deviceKey.key, 'trial');
  } catch (error) {
    if (error instanceof DOMException && error.name === 'DataCloneError') return undefined;
    throw error;
  }
  await database.delete('key', 'trial');
  return deviceKey;
}

async function readKept(database: KeyDatabase): Promise<KeptKey | undefined> {
  const { store, done } = database.transaction('key');
  const [bytes, deviceKey] = [bytesIn(await store.get('store')), await store.get('device')];
  await done;
  if (bytes === undefined) return undefined;
  const isKey = typeof CryptoKey !== 'undefined' && deviceKey instanceof CryptoKey;
  return { bytes, deviceKey: isKey ? new WebCryptoKey(deviceKey) : undefined };
}

/** After a first try that was cut off once it was on disk, the second finds what it wants to write. */
async function swapKept(
  database: KeyDatabase,
  next: KeptKey,
  expected: Uint8Array | undefined,
): Promise<boolean> {
  const { store, done } = database.transaction('key', 'readwrite', { durability: 'strict' });
  const swap = async () => {
    const present = bytesIn(await store.get('store'));
    if (!isSame(present, expected)) return isSame(present, next.bytes);
    await store.put(next.bytes, 'store');
    if (next.deviceKey instanceof WebCryptoKey) await store.put(next.deviceKey.key, 'device');
    else await store.delete('device');
    return true;
  };
  const [isDone] = await Promise.all([swap(), done]);
  return isDone;
}

function bytesIn(value: Uint8Array | CryptoKey | undefined): Uint8Array | undefined {
  return value instanceof Uint8Array ? value : undefined;
}

function ringIn(keys: Connection<KeySchema>): RingDatabase {
  return {
    rows: () => keys.use(readRing),
    put: (rows) => keys.use((database) => addToRing(database, rows)),
    erase: (erased) => keys.use((database) => eraseFromRing(database, erased)),
    hasFiles: () => keys.use(async (database) => (await database.get('key', RING_FILES)) !== undefined),
    noteFiles: () => keys.use(noteRingFiles),
  };
}

async function noteRingFiles(database: KeyDatabase): Promise<void> {
  const { store, done } = database.transaction('key', 'readwrite', { durability: 'strict' });
  await Promise.all([store.put(new Uint8Array(0), RING_FILES), done]);
}

/** In the order of their keys, as IndexedDB compares them. */
async function readRing(database: KeyDatabase): Promise<StoredRow[]> {
  const range = IDBKeyRange.bound(RING_PREFIX, endOfPrefix(RING_PREFIX));
  const { store } = database.transaction('key');
  const [keys, values] = await Promise.all([store.getAllKeys(range), store.getAll(range)]);
  return keys.map((key, i) => ({ key, value: values[i] as Uint8Array }));
}

async function addToRing(database: KeyDatabase, rows: readonly StoredRow[]): Promise<void> {
  const { store, done } = database.transaction('key', 'readwrite', { durability: 'strict' });
  await Promise.all([...rows.map(({ key, value }) => store.put(value, key)), done]);
}

async function eraseFromRing(database: KeyDatabase, erased: readonly string[]): Promise<void> {
  const { store, done } = database.transaction('key', 'readwrite', { durability: 'strict' });
  await Promise.all([...erased.map((key) => store.delete(key)), done]);
}

async function raiseNote(database: KeyDatabase, generation: number): Promise<void> {
  const { store, done } = database.transaction('key', 'readwrite');
  if ((generationOf(bytesIn(await store.get('generation'))) ?? 0) < generation)
    await store.put(bytesOfGeneration(generation), 'generation');
  await done;
}

async function scan(database: Database, range: ScanRange): Promise<StoredRow[]> {
  const { prefix, after, before = endOfPrefix(prefix), limit = Infinity, reverse = false } = range;
  const lower = after !== undefined && after >= prefix ? after : prefix;
  const keys = IDBKeyRange.bound(lower, before, lower === after, true);
  const found: StoredRow[] = [];
  let cursor = await database.transaction('rows').store.openCursor(keys, reverse ? 'prev' : 'next');
  while (cursor !== null && found.length < limit) {
    found.push({ key: cursor.key, value: cursor.value });
    cursor = await cursor.continue();
  }
  return found;
}

/** By what browsers say that a connection is gone: closed, cut off in a transaction, or lost (Safari). */
function isOfClosedConnection(error: unknown): boolean {
  const names = ['InvalidStateError', 'AbortError', 'UnknownError'];
  return error instanceof DOMException && names.includes(error.name);
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof StorageConflict || cause instanceof QuicprochatError) throw cause;
    const { name, message: told } = cause instanceof Error ? cause : { name: '', message: '' };
    if (name === 'VersionError') {
      throw sdkError(
        'STORE_VERSION',
        'A newer version of quicprochat wrote this storage. Update this app; in a browser, reload the page.',
        { cause },
      );
    }
    if (name === 'QuotaExceededError') throw quotaReached(cause);
    // Chromium calls it an UnknownError if the person has blocked the site's data; others have no IndexedDB then.
    const isDenied =
      typeof indexedDB === 'undefined' ||
      ['SecurityError', 'NotAllowedError'].includes(name) ||
      /denied|permission/i.test(told);
    throw isDenied
      ? sdkError(
          'STORE_UNAVAILABLE',
          'The browser does not let this site store data. Nothing was changed; allow this site’s cookies and data, or leave the private window.',
          { details: { reason: 'denied' }, cause },
        )
      : sdkError(
          'STORE_UNAVAILABLE',
          'The browser’s storage failed. Nothing was changed; restart the browser, then try again.',
          { details: { reason: 'failed' }, cause },
        );
  }
}
