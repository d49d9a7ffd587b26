import 'fake-indexeddb/auto';
import { forceCloseDatabase } from 'fake-indexeddb';
import { afterEach, expect, test, vi } from 'vitest';
import { VersionedStorage } from '../src/state/versioned-storage.ts';
import { indexedDbStorage } from '../src/storage/indexeddb.ts';
import { StorageConflict } from '../src/storage/storage.ts';

const write = (byte: number) => [{ key: 'a', value: new Uint8Array([byte]) }];

/** Whether it is that of the rows, and not that of the key. */
const isOfRows = ({ name }: IDBDatabase) => name.startsWith('quicprochat:');

/** Hands out every database of rows that is opened, so that a test can close it as a browser would. */
function openedDatabases(): IDBDatabase[] {
  const opened: IDBDatabase[] = [];
  const open = indexedDB.open.bind(indexedDB);
  vi.spyOn(indexedDB, 'open').mockImplementation((...args) => {
    const request = open(...args);
    request.addEventListener('success', () => {
      if (isOfRows(request.result)) opened.push(request.result);
    });
    return request;
  });
  return opened;
}

let stores = 0;
const fresh = () => indexedDbStorage(`closed-${++stores}`);

afterEach(() => {
  vi.restoreAllMocks();
});

test('reads and writes go on after the browser has closed the database', async () => {
  const opened = openedDatabases();
  const storage = fresh();
  await storage.commit(write(1), 0);

  forceCloseDatabase(opened.at(-1) as never);
  expect(await storage.get('a')).toEqual(new Uint8Array([1]));
  forceCloseDatabase(opened.at(-1) as never);
  expect(await storage.commit(write(2), 1)).toBe(2);

  expect(opened).toHaveLength(3);
  await storage.close();
});

test('a connection that closes without an event is opened again, once', async () => {
  const opened = openedDatabases();
  const storage = fresh();
  await storage.commit(write(1), 0);

  // As Safari does when its storage process dies: the next transaction fails, and no event came before it.
  opened.at(-1)?.close();
  expect(await storage.commit(write(2), 1)).toBe(2);
  await expect(storage.commit(write(3), 1)).rejects.toThrow(StorageConflict);
  expect(opened).toHaveLength(2);
  await storage.close();
});

test('a commit that was on disk when the connection was lost is not taken for another tab’s', async () => {
  const storage = fresh();
  await storage.commit(write(1), 0);
  const begin = Reflect.get(IDBDatabase.prototype, 'transaction') as (...args: unknown[]) => IDBTransaction;
  const spy = vi.spyOn(IDBDatabase.prototype, 'transaction');
  let isCutOff = false;
  spy.mockImplementation(function (this: IDBDatabase, ...args) {
    const transaction = begin.apply(this, args);
    if (isCutOff || !isOfRows(this)) return transaction;
    isCutOff = true;
    const listen = transaction.addEventListener.bind(transaction);
    // Whoever waits for the end hears that it was cut off when it is complete.
    const heard: Record<string, string> = { complete: 'never', abort: 'complete' };
    transaction.addEventListener = (type: string, listener: EventListener) =>
      listen(heard[type] ?? type, listener);
    return transaction;
  });
  expect(await storage.commit(write(2), 1)).toBe(2);
  expect(isCutOff).toBe(true);
  expect([await storage.generation(), await storage.get('a')]).toEqual([2, new Uint8Array([2])]);
  await expect(storage.commit(write(3), 1)).rejects.toThrow(StorageConflict);
  await storage.close();
});

test('a database that stays closed is a typed error after one retry, and serves again later', async () => {
  const opened = openedDatabases();
  const storage = fresh();
  await storage.commit(write(1), 0);
  const transaction = vi.spyOn(IDBDatabase.prototype, 'transaction').mockImplementation(() => {
    throw new DOMException('The database connection is closing.', 'InvalidStateError');
  });

  await expect(storage.get('a')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  expect(opened).toHaveLength(2);
  transaction.mockRestore();
  expect(await storage.get('a')).toEqual(new Uint8Array([1]));
  await storage.close();
});

test('a failed opening is not remembered', async () => {
  const storage = fresh();
  vi.spyOn(indexedDB, 'open').mockImplementationOnce(() => {
    throw new DOMException('The disk is busy.', 'NotReadableError');
  });
  await expect(storage.generation()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  expect(await storage.generation()).toBe(0);
  await storage.close();
});

test.each([
  ['SecurityError', 'The operation is insecure.', 'denied', 'allow this site’s cookies and data'],
  ['UnknownError', 'The user denied permission to access the database.', 'denied', 'private window'],
  ['QuotaExceededError', 'The quota has been exceeded.', 'full', 'free some space'],
  ['UnknownError', 'Internal error opening backing store.', 'failed', 'restart the browser'],
])(
  'of a browser that says %s (%s), the error says “%s”, and what to do',
  async (name, told, reason, words) => {
    const storage = fresh();
    vi.spyOn(indexedDB, 'open').mockImplementation(() => {
      throw new DOMException(told, name);
    });
    await expect(storage.generation()).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      details: { reason },
      message: expect.stringContaining(words),
    });
    await storage.close();
  },
);

test('a browser without IndexedDB is one that lets the site store nothing', async () => {
  const storage = fresh();
  vi.stubGlobal('indexedDB', undefined);
  const error: unknown = await storage.generation().catch((thrown: unknown) => thrown);
  vi.unstubAllGlobals();
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', details: { reason: 'denied' } });
  await storage.close();
});

test('closing a storage that never opened gives nothing back and does not fail', async () => {
  const storage = fresh();
  vi.spyOn(indexedDB, 'open').mockImplementation(() => {
    throw new DOMException('The disk is gone.', 'NotReadableError');
  });
  await expect(storage.generation()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await storage.close();
});

const RELOAD =
  'A newer version of quicprochat wrote this storage. Update this app; in a browser, reload the page.';

/** What a newer version of the page does with a store. */
function upgrade(name: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(`quicprochat:${name}`, 2);
    request.onsuccess = () => {
      request.result.close();
      resolve();
    };
    request.onerror = reject;
  });
}

test('a store of a newer version is refused with a sentence', async () => {
  const name = `newer-${++stores}`;
  await upgrade(name);
  const storage = indexedDbStorage(name);
  await expect(storage.generation()).rejects.toMatchObject({ code: 'STORE_VERSION', message: RELOAD });
  await storage.close();
});

test('a tab lets a newer version upgrade the store, notes that, and asks for nothing more', async () => {
  const name = `upgraded-${++stores}`;
  const storage = new VersionedStorage(indexedDbStorage(name));
  await storage.commit(write(1), 0);
  await upgrade(name);
  const heard: unknown[] = [];
  storage.onErrorChange(() => heard.push(storage.error));
  const open = vi.spyOn(indexedDB, 'open');
  const error: unknown = await storage.generation().catch((reason: unknown) => reason);
  expect(error).toMatchObject({ code: 'STORE_VERSION', message: RELOAD });
  expect(open).toHaveBeenCalledTimes(1);
  await expect(storage.get('a')).rejects.toBe(error);
  await expect(storage.commit(write(2), 1)).rejects.toBe(error);
  expect([heard, open.mock.calls.length]).toEqual([[error], 1]);
  await storage.close();
});
