import { expect, test } from 'vitest';
import { BrowserRing } from './browser-ring.ts';
import type { KeyRing, StoredRow } from './storage.ts';

const row = (id: number): StoredRow => ({ key: `ring/own/${id}`, value: new Uint8Array(32).fill(id) });

/** Rows by their keys, as each of the two places keeps them. */
class Place {
  readonly rows = new Map<string, StoredRow>();
  readonly put = (rows: readonly StoredRow[]) => rows.forEach((one) => this.rows.set(one.key, one));
  readonly erase = (keys: readonly string[]) => keys.forEach((key) => this.rows.delete(key));
}

/** A ring whose files can be taken away. */
function ring(database = new Place(), files = new Place(), note = { isSet: false }) {
  const state = { hasFiles: true, isBroken: false };
  const work = <Result>(result: Result) => {
    if (state.isBroken) throw new Error('the file is in use');
    return result;
  };
  const keyRing: KeyRing = {
    rows: async () => (state.hasFiles ? work([...files.rows.values()]) : undefined),
    put: async (_name, rows) => work(files.put(rows)),
    erase: async (_name, keys) => work(files.erase(keys)),
  };
  const browserRing = new BrowserRing('test', {
    rows: async () => [...database.rows.values()],
    put: async (rows) => database.put(rows),
    erase: async (keys) => database.erase(keys),
    hasFiles: async () => note.isSet,
    noteFiles: async () => void (note.isSet = true),
  });
  browserRing.use(keyRing);
  let generation = 0;
  const rows = async () => [...(await browserRing.rows(++generation))];
  return { browserRing, rows, database, files, note, state };
}

const unavailable = { code: 'STORE_UNAVAILABLE', retryable: true };

test('keys go into files, and none into the database', async () => {
  const { browserRing, rows, database, files } = ring();
  await browserRing.put([row(2), row(1)]);
  expect(await rows()).toEqual([row(1), row(2)]);
  await browserRing.erase([row(1).key]);
  expect(await rows()).toEqual([row(2)]);
  expect([[...files.rows.keys()], [...database.rows.keys()]]).toEqual([[row(2).key], []]);
});

test('without files, keys go into the database', async () => {
  const { browserRing, rows, database, note, state } = ring();
  state.hasFiles = false;
  await browserRing.put([row(1)]);
  expect(await rows()).toEqual([row(1)]);
  expect([[...database.rows.keys()], note.isSet]).toEqual([[row(1).key], false]);
  await browserRing.erase([row(1).key]);
  expect(await rows()).toEqual([]);
});

test('keys that an earlier version put into the database count until they are erased there', async () => {
  const { browserRing, rows, database } = ring();
  database.put([row(1)]);
  await browserRing.put([row(2)]);
  expect(await rows()).toEqual([row(1), row(2)]);
  await browserRing.erase([row(1).key]);
  expect([await rows(), [...database.rows.keys()]]).toEqual([[row(2)], []]);
});

test('where files cannot be used for a while, keys in them do not count as erased', async () => {
  const before = ring();
  await before.browserRing.put([row(1)]);
  const { browserRing, rows, state } = ring(before.database, before.files, before.note);
  state.hasFiles = false;
  await expect(rows()).rejects.toMatchObject(unavailable);
  await expect(browserRing.put([row(2)])).rejects.toMatchObject(unavailable);
  state.hasFiles = true;
  state.isBroken = true;
  await expect(rows()).rejects.toMatchObject(unavailable);
  state.isBroken = false;
  expect(await rows()).toEqual([row(1)]);
});

test('the note that keys are in files comes before the first of them', async () => {
  const { browserRing, note, state } = ring();
  await browserRing.rows(1);
  state.isBroken = true;
  await expect(browserRing.put([row(1)])).rejects.toMatchObject(unavailable);
  expect(note.isSet).toBe(true);
});

test('rows of one generation are read once, until something is put in or erased', async () => {
  const { browserRing, files } = ring();
  expect(await browserRing.rows(1)).toEqual([]);
  files.put([row(1)]);
  expect(await browserRing.rows(1)).toEqual([]);
  expect(await browserRing.rows(2)).toEqual([row(1)]);
  await browserRing.put([row(2)]);
  expect(await browserRing.rows(2)).toEqual([row(1), row(2)]);
});
