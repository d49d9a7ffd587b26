import { openDB, type DBSchema, type IDBPDatabase } from 'idb';
import { check, STORAGE_NAME } from '../arguments.ts';
import { sdkError } from '../errors.ts';
import { endOfPrefix, StorageConflict, type ScanRange, type Storage, type StoredRow } from './storage.ts';

/** A database of its own, so that what copies or shows the rows does not take the key along. */
interface KeySchema extends DBSchema {
  key: { key: 'store'; value: Uint8Array };
}

interface Schema extends DBSchema {
  rows: { key: string; value: Uint8Array };
  meta: { key: 'generation'; value: number };
}

type Database = IDBPDatabase<Schema>;

/**
 * A store in the browser's IndexedDB. Every commit is one read-write transaction with strict durability: browsers
 * default to telling "done" before the disk has it. Tabs hear of each other's commits by BroadcastChannel.
 *
 * @param name one store for each account
 * @throws {UsageError} INVALID_ARGUMENT where it is none
 */
export function indexedDbStorage(name: string): Storage {
  check(STORAGE_NAME, name);
  let opened: Promise<Database> | undefined;
  const database = () => (opened ??= open(name));
  const channel = new BroadcastChannel(`quicprochat:${name}`);

  return {
    generation: () => guarded(async () => (await (await database()).get('meta', 'generation')) ?? 0),
    get: (key) => guarded(async () => (await database()).get('rows', key)),
    scan: (range) => guarded(async () => scan(await database(), range)),
    commit: (writes, expected) =>
      guarded(async () => {
        const transaction = (await database()).transaction(['rows', 'meta'], 'readwrite', {
          durability: 'strict',
        });
        const rows = transaction.objectStore('rows');
        const meta = transaction.objectStore('meta');
        if (((await meta.get('generation')) ?? 0) !== expected) {
          transaction.abort();
          await transaction.done.catch(() => undefined);
          throw new StorageConflict();
        }
        const requests = writes.map(({ key, value }) =>
          value === undefined ? rows.delete(key) : rows.put(value, key),
        );
        await Promise.all([...requests, meta.put(expected + 1, 'generation'), transaction.done]);
        channel.postMessage('committed');
        return expected + 1;
      }),
    storeKey: (fresh) => guarded(() => storeKey(name, fresh)),
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
      if (opened !== undefined) (await opened).close();
    },
  };
}

async function open(name: string): Promise<Database> {
  const database: Database = await openDB<Schema>(`quicprochat:${name}`, 1, {
    upgrade: (fresh) => {
      fresh.createObjectStore('rows');
      fresh.createObjectStore('meta');
    },
    // A newer version of the page wants to change the schema: let it, rather than block it for ever.
    blocking: () => {
      database.close();
    },
  });
  return database;
}

async function storeKey(name: string, fresh: Uint8Array | undefined): Promise<Uint8Array | undefined> {
  const database = await openDB<KeySchema>(`quicprochat-key:${name}`, 1, {
    upgrade: (created) => {
      created.createObjectStore('key');
    },
  });
  try {
    const transaction = database.transaction('key', 'readwrite', { durability: 'strict' });
    let key = await transaction.store.get('store');
    if (key === undefined && fresh !== undefined) {
      key = fresh;
      await transaction.store.put(fresh, 'store');
    }
    await transaction.done;
    return key;
  } finally {
    database.close();
  }
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

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof StorageConflict) throw cause;
    const quota = cause instanceof DOMException && cause.name === 'QuotaExceededError';
    const message = quota
      ? 'The browser has no room left for this site; nothing was changed.'
      : 'The browser’s storage cannot be used; nothing was changed.';
    throw sdkError('STORE_UNAVAILABLE', message, { cause });
  }
}
