import { expect, test } from 'vitest';
import { platform } from '#platform';
import { Client } from '../src/api/client.ts';
import { sdkError } from '../src/model/errors.ts';
import type { Random } from '../src/platform/platform.ts';
import { decodeRow, encodeRow } from '../src/state/codec.ts';
import { HEADER_KEY, readHeader } from '../src/state/header.ts';
import { migrate } from '../src/state/migrations/migrate.ts';
import { RowSeal } from '../src/state/row-seal.ts';
import { passesAsItIs, SealedStorage } from '../src/state/sealed-storage.ts';
import type { Storage } from '../src/storage/storage.ts';
import { earlierStore, storageOf } from './support/earlier-store.ts';
import { openedRows } from './support/opened.ts';
import { textsOf } from './support/people.ts';

const fixtures = {
  5: await earlierStore(5),
  6: await earlierStore(6),
};
type Version = keyof typeof fixtures;
const VERSIONS: Version[] = [5, 6];
const MESSAGES = fixtures[5].store.filter(([key]) => key.startsWith('message/')).length;
const { random } = platform;

/** The same bytes each time, for runs that are compared commit by commit: the order of rows depends on the store's id. */
const repeated: Random = { ...random, bytes: (length) => new Uint8Array(length).fill(7) };

const stored = (version: Version): Promise<Storage> => storageOf(fixtures[version]);

async function rowsOf(storage: Storage): Promise<[string, string][]> {
  const rows = await openedRows(storage);
  return rows.map(({ key, value }) => [key, Buffer.from(value).toString('base64')]);
}

async function rawRowsOf(storage: Storage): Promise<[string, string][]> {
  const rows = await storage.scan({ prefix: '' });
  return rows.map(({ key, value }) => [key, Buffer.from(value).toString('base64')]);
}

/** Opens the store, and checks what was in it when it was written. */
async function expectAllThere(storage: Storage): Promise<void> {
  const alice = await Client.create({ relay: fixtures[5].relay, storage, live: false });
  const tea = alice.conversations.find('Tea');
  const spoken = Array.from({ length: 12 }, (_, n) => [`alice ${n + 1}`, `bob ${n + 1}`]).flat();
  const texts = await textsOf(tea);
  expect([...texts].sort()).toEqual([...spoken, 'queued'].sort());
  const ofAlice = texts.filter((text) => text.startsWith('alice'));
  expect(ofAlice).toEqual(spoken.filter((text) => text.startsWith('alice')));
  const lines = await tea.history({ limit: 1_000 });
  expect(lines.map(({ position }) => position)).toEqual(lines.map((_, n) => n + 1));
  expect(lines.every(({ conversationId }) => conversationId === tea.id)).toBe(true);
  expect([tea.state, tea.draft, tea.waiting.length, tea.readPosition]).toEqual([
    'active',
    'not sent yet',
    1,
    10,
  ]);
  expect(await textsOf(alice.conversations.find('Alone'))).toEqual(['a note']);
  expect(alice.conversations.find('Gone').state).toBe('left');
  await alice.close();
}

test.each(VERSIONS)('a store of version %i opens with all that was in it', async (version) => {
  const storage = await stored(version);
  await expectAllThere({ ...storage, close: async () => undefined });
  const message = (await new SealedStorage(storage, random).scan({ prefix: 'message/', limit: 1 }))[0]!;
  expect(decodeRow(message.key, message.value)).not.toHaveProperty('position');
  await expectAllThere(storage);
});

test('a migrated store has the rows of the earlier version, all sealed', async () => {
  const storage = await stored(6);
  await migrate(storage, random);
  const before = fixtures[6].store.filter(([key]) => key !== HEADER_KEY && !key.startsWith('journal/'));
  expect(new Map(await rowsOf(storage))).toEqual(new Map(before));
  const rows = (await storage.scan({ prefix: '' })).filter(({ key }) => !passesAsItIs(key));
  expect(rows.length).toBeGreaterThan(MESSAGES);
  expect(rows.filter(({ value }) => !RowSeal.isSealed(value))).toEqual([]);
  expect(rows.filter(({ key }) => key.startsWith('contact/alice') || key.startsWith('contact/bob'))).toEqual(
    [],
  );
});

test.each(VERSIONS)(
  'a migration from version %i that is killed at any commit, before or after it is stored, ends the same when it goes on',
  async (version) => {
    const whole = await stored(version);
    await migrate(whole, repeated, { mostRows: 25 });
    const expected = await rowsOf(whole);
    const commits = (await whole.generation()) - 1;
    const rows = fixtures[version].store.length;
    const before = version === 5 ? Math.floor(MESSAGES / 25) + 1 : 0;
    expect(commits).toBeGreaterThanOrEqual(before + Math.floor(rows / 25) + 2);

    for (let killedAt = 1; killedAt <= commits; killedAt++)
      for (const isStored of [false, true]) {
        const storage = await stored(version);
        const killed = dying(storage, { killedAt, isStored });
        await expect(migrate(killed, repeated, { mostRows: 25 })).rejects.toThrow();
        await migrate(storage, repeated, { mostRows: 25 });
        expect(await rowsOf(storage), `commit ${killedAt}, stored: ${isStored}`).toEqual(expected);
      }
  },
);

test('what the earlier version left in the files is taken out before a migration ends, in a second try if need be', async () => {
  const inner = await stored(6);
  const tries: unknown[] = [];
  const storage = {
    ...inner,
    expunge: async () => {
      tries.push(readHeader((await inner.get(HEADER_KEY))!).migration);
      if (tries.length === 1)
        throw sdkError('STORE_UNAVAILABLE', 'Another process reads it.', { details: { reason: 'failed' } });
    },
  };
  await expect(migrate(storage, random)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  await migrate(storage, random);
  const unfinished = { from: 6, after: '\uffff' };
  expect(tries).toMatchObject([unfinished, unfinished]);
  expect(readHeader((await inner.get(HEADER_KEY))!).migration).toBeUndefined();
});

test.each([
  ['no', undefined, 'STORE_KEY_MISSING'],
  ['another', new Uint8Array(32), 'STORE_KEY_WRONG'],
])('with %s key, a migration is refused where it stands', async (_, key, code) => {
  const storage = await stored(6);
  const killed = dying(storage, { killedAt: 3, isStored: false });
  await expect(migrate(killed, random, { mostRows: 25 })).rejects.toThrow();
  const before = await rawRowsOf(storage);
  await expect(migrate({ ...storage, storeKey: async () => key }, random)).rejects.toMatchObject({ code });
  expect(await rawRowsOf(storage)).toEqual(before);
});

/** A storage that fails at its n-th commit, before or after storing it. */
function dying(storage: Storage, { killedAt, isStored }: { killedAt: number; isStored: boolean }): Storage {
  let commits = 0;
  return {
    ...storage,
    commit: async (writes, expected) => {
      commits += 1;
      if (commits < killedAt) return storage.commit(writes, expected);
      if (isStored) await storage.commit(writes, expected);
      throw sdkError('STORE_UNAVAILABLE', 'The process was killed.', { details: { reason: 'failed' } });
    },
  };
}

test('a damaged line of a history is refused when it is read, and keeps nothing else from opening', async () => {
  const storage = await stored(5);
  const key = fixtures[5].store.findLast(([key]) => key.startsWith('message/'))?.[0] ?? expect.unreachable();
  const whole = (await storage.get(key)) ?? expect.unreachable();
  await storage.commit([{ key, value: whole.slice(0, -3) }], await storage.generation());
  const alice = await Client.create({ relay: fixtures[5].relay, storage, live: false });
  const [, id] = key.split('/');
  for (const conversation of alice.conversations.list()) {
    const history = conversation.history({ limit: 1_000 });
    if (conversation.id === id) await expect(history).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    else await expect(history).resolves.toBeDefined();
  }
  await alice.close();
});

test('two tabs that migrate at once do it once', async () => {
  const alone = await stored(5);
  await migrate(alone, random, { mostRows: 25 });
  const storage = await stored(5);
  await Promise.all([1, 2].map(() => migrate(storage, random, { mostRows: 25 })));
  expect(await rowsOf(storage)).toEqual(await rowsOf(alone));
});

test('a client of an earlier version stops at the first commit of a migration', async () => {
  const storage = await stored(6);
  const killed = { killedAt: 2, isStored: false };
  await expect(migrate(dying(storage, killed), random, { mostRows: 25 })).rejects.toThrow();
  const header = (await storage.get(HEADER_KEY))!;
  expect(decodeRow(HEADER_KEY, header)).toMatchObject({ version: 7, migration: { from: 6 } });
});

test.each([4, 99])('a store of version %i is left as it is', async (version) => {
  const storage = await stored(5);
  const header = { key: HEADER_KEY, value: encodeRow({ version }) };
  await storage.commit([header], await storage.generation());
  const before = await rawRowsOf(storage);
  await expect(Client.create({ relay: fixtures[5].relay, storage })).rejects.toMatchObject({
    code: 'STORE_VERSION',
  });
  expect(await rawRowsOf(storage)).toEqual(before);
});
