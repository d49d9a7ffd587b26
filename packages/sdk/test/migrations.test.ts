import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { Client } from '../src/api/client.ts';
import { sdkError } from '../src/model/errors.ts';
import { decodeRow, encodeRow } from '../src/state/codec.ts';
import { migrate } from '../src/state/migrations/migrate.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Storage } from '../src/storage/storage.ts';
import { textsOf } from './support/people.ts';

/** A store that version 5 of the form has written: its relay's address, its key, and its rows. Bytes are base64. */
interface Fixture {
  relay: string;
  storeKey: string;
  store: [key: string, value: string][];
}

const FILE = new URL('fixtures/store-5.json.gz', import.meta.url);
const fixture = JSON.parse(gunzipSync(await readFile(FILE)).toString()) as Fixture;
const MESSAGES = fixture.store.filter(([key]) => key.startsWith('message/')).length;

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

async function stored(): Promise<Storage> {
  const storage = memoryStorage();
  await storage.commit(
    fixture.store.map(([key, value]) => ({ key, value: bytes(value) })),
    0,
  );
  await storage.storeKey(bytes(fixture.storeKey));
  return storage;
}

async function rowsOf(storage: Storage): Promise<[string, string][]> {
  const rows = await storage.scan({ prefix: '' });
  return rows.map(({ key, value }) => [key, Buffer.from(value).toString('base64')]);
}

/** Opens the store, and checks what was in it when it was written. */
async function expectAllThere(storage: Storage): Promise<void> {
  const alice = await Client.create({ relay: fixture.relay, storage, live: false });
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

test('a store of version 5 opens with all that was in it', async () => {
  const storage = await stored();
  await expectAllThere({ ...storage, close: async () => undefined });
  const message = (await storage.scan({ prefix: 'message/', limit: 1 }))[0]!;
  expect(decodeRow(message.key, message.value)).not.toHaveProperty('position');
  await expectAllThere(storage);
});

test('a migration that is killed at any commit, before or after it is stored, ends the same when it goes on', async () => {
  const whole = await stored();
  await migrate(whole, { mostRows: 5 });
  const expected = await rowsOf(whole);
  const commits = (await whole.generation()) - 1;
  expect(commits).toBe(Math.floor(MESSAGES / 5) + 1);
  for (const { key, value } of await whole.scan({ prefix: 'message/' }))
    expect(decodeRow(key, value), key).not.toHaveProperty('position');

  for (let killedAt = 1; killedAt <= commits; killedAt++)
    for (const isStored of [false, true]) {
      const storage = await stored();
      await expect(migrate(dying(storage, { killedAt, isStored }), { mostRows: 5 })).rejects.toThrow();
      await migrate(storage, { mostRows: 5 });
      expect(await rowsOf(storage), `commit ${killedAt}, stored: ${isStored}`).toEqual(expected);
    }
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
      throw sdkError('STORE_UNAVAILABLE', 'The process was killed.');
    },
  };
}

test('a damaged line of a history is refused when it is read, and keeps nothing else from opening', async () => {
  const storage = await stored();
  const key = fixture.store.findLast(([key]) => key.startsWith('message/'))?.[0] ?? expect.unreachable();
  const whole = (await storage.get(key)) ?? expect.unreachable();
  await storage.commit([{ key, value: whole.slice(0, -3) }], await storage.generation());
  const alice = await Client.create({ relay: fixture.relay, storage, live: false });
  const [, id] = key.split('/');
  for (const conversation of alice.conversations.list()) {
    const history = conversation.history({ limit: 1_000 });
    if (conversation.id === id) await expect(history).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    else await expect(history).resolves.toBeDefined();
  }
  await alice.close();
});

test('two tabs that migrate at once do it once', async () => {
  const alone = await stored();
  await migrate(alone, { mostRows: 5 });
  const storage = await stored();
  await Promise.all([migrate(storage, { mostRows: 5 }), migrate(storage, { mostRows: 5 })]);
  expect(await rowsOf(storage)).toEqual(await rowsOf(alone));
});

test('a client of an earlier version stops at the first commit of a migration', async () => {
  const storage = await stored();
  const killed = { killedAt: 2, isStored: false };
  await expect(migrate(dying(storage, killed), { mostRows: 5 })).rejects.toThrow();
  const header = (await storage.get('store/header'))!;
  expect(decodeRow('store/header', header)).toEqual({
    version: 6,
    migration: { from: 5, after: expect.stringMatching(/^message\//) },
  });
});

test.each([4, 99])('a store of version %i is left as it is', async (version) => {
  const storage = await stored();
  const header = { key: 'store/header', value: encodeRow({ version }) };
  await storage.commit([header], await storage.generation());
  const before = await rowsOf(storage);
  await expect(Client.create({ relay: fixture.relay, storage })).rejects.toMatchObject({
    code: 'STORE_VERSION',
  });
  expect(await rowsOf(storage)).toEqual(before);
});
