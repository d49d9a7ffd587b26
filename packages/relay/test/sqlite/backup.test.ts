import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  openSqlite,
  problemsOf,
  removeAccount,
  sqliteBackup,
  sqliteProblems,
  statsOf,
} from '../../src/index.ts';
import { createGroup } from '../../src/store/groups.ts';
import { codeOf } from '../support/api.ts';
import { TestDevice } from '../support/device.ts';
import { TestGroup, welcomeFor } from '../support/group.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';
import { appendMessage } from '../support/entries.ts';

let relay: TestRelay;
let folder: string;
const at = (name: string) => join(folder, name);
const live = () => join(relay.folder, 'relay.db');

beforeEach(async () => {
  relay = await startRelay();
  folder = mkdtempSync(join(tmpdir(), 'qpc-backup-test-'));
});
afterEach(async () => {
  await relay.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A relay's own file, with nobody on it and one entry. */
async function storeOfOne(name: string): Promise<string> {
  const path = at(name);
  const db = await openSqlite(path);
  await createGroup(db, 'g', Buffer.from('k'));
  await appendMessage(db, 'g', { id: name, payload: Buffer.from(name) });
  await db.destroy();
  return path;
}

async function entriesOf(path: string): Promise<string[]> {
  const db = await openSqlite(path);
  const rows = await db.selectFrom('entries').select('entry_id').execute();
  await db.destroy();
  return rows.map(({ entry_id }) => entry_id);
}

test('RLY-97 a backup under load is whole, and holds all that was acknowledged before it began', async () => {
  const group = await new TestGroup(relay.url).create();
  const payload = randomBytes(20_000);
  for (let i = 0; i < 100; i += 1) await group.post('', { payload });
  const stop = new AbortController();
  const writing = (async () => {
    while (!stop.signal.aborted) await group.post('', { payload });
  })();
  for (let round = 1; round <= 5; round += 1) {
    const { sequence: before } = await relay.db
      .selectFrom('logs')
      .select('sequence')
      .executeTakeFirstOrThrow();
    const copy = at(`copy-${round}.db`);
    await sqliteBackup(live()).backup(copy);
    expect(readdirSync(folder)).toContain(`copy-${round}.db`);
    const db = await openSqlite(copy);
    expect([await sqliteProblems(db), await problemsOf(db)]).toEqual([[], []]);
    expect((await statsOf(db)).entries).toBeGreaterThanOrEqual(before);
    await db.destroy();
  }
  stop.abort();
  await writing;
});

test('RLY-97 a backup is one file, its owner’s alone, and never put over another', async () => {
  await sqliteBackup(live()).backup(at('copy.db'));
  expect(readdirSync(folder)).toEqual(['copy.db']);
  expect(statSync(at('copy.db')).mode & 0o777).toBe(0o600);
  const before = readFileSync(at('copy.db'));
  await expect(sqliteBackup(live()).backup(at('copy.db'))).rejects.toMatchObject({ code: 'EXISTS' });
  expect(readFileSync(at('copy.db')).equals(before)).toBe(true);
});

test.each([
  ['of nothing', 'MISSING', () => at('nowhere.db')],
  [
    'of what is no database',
    'DAMAGED',
    () => {
      writeFileSync(at('text'), 'no database '.repeat(1_000));
      return at('text');
    },
  ],
])('RLY-97 there is no backup %s', async (_name, code, pathOf) => {
  const path = pathOf();
  await expect(sqliteBackup(path).backup(at('copy.db'))).rejects.toMatchObject({ code });
  expect(readdirSync(folder).filter((name) => name.startsWith('copy'))).toEqual([]);
});

test('RLY-97 a database that is damaged inside gives no backup', async () => {
  const group = await new TestGroup(relay.url).create();
  for (let i = 0; i < 50; i += 1) await group.post('', { payload: randomBytes(5_000) });
  await sqliteBackup(live()).backup(at('whole.db'));
  const bytes = readFileSync(at('whole.db'));
  // A page in the middle, all of it: SQLite opens the file, and only its check finds it.
  bytes.fill(0x5a, 4_096 * 6, 4_096 * 12);
  writeFileSync(at('hurt.db'), bytes);
  await expect(sqliteBackup(at('hurt.db')).backup(at('copy.db'))).rejects.toMatchObject({ code: 'DAMAGED' });
  expect(readdirSync(folder).filter((name) => name.startsWith('copy'))).toEqual([]);
});

test('RLY-98 a backup is put in the place of a store, which is kept aside', async () => {
  const [store, other] = [await storeOfOne('store.db'), await storeOfOne('other.db')];
  await sqliteBackup(other).backup(at('copy.db'));
  await sqliteBackup(store).restore(at('copy.db'));
  expect(await entriesOf(store)).toEqual(['other.db']);
  expect(await entriesOf(`${store}.replaced`)).toEqual(['store.db']);
  expect(statSync(store).mode & 0o777).toBe(0o600);
  // The one that was kept is not lost by a second restore.
  await expect(sqliteBackup(store).restore(at('copy.db'))).rejects.toMatchObject({ code: 'EXISTS' });
});

test('RLY-98 a store that is damaged, or is not there, can be restored', async () => {
  const store = await storeOfOne('store.db');
  await sqliteBackup(store).backup(at('copy.db'));
  writeFileSync(store, 'damaged');
  await sqliteBackup(store).restore(at('copy.db'));
  await sqliteBackup(at('new.db')).restore(at('copy.db'));
  expect([await entriesOf(store), await entriesOf(at('new.db'))]).toEqual([['store.db'], ['store.db']]);
});

test('RLY-98 nothing is restored while a relay has the store open', async () => {
  const group = await new TestGroup(relay.url).create();
  await group.post('there');
  await sqliteBackup(live()).backup(at('copy.db'));
  await group.post('after the backup');
  await expect(sqliteBackup(live()).restore(at('copy.db'))).rejects.toMatchObject({ code: 'IN_USE' });
  expect((await group.read()).entries).toHaveLength(2);
  expect(await group.post('goes on')).toBe(3);
  expect(readdirSync(relay.folder).filter((name) => !/^relay\.db(-wal|-shm)?$/.test(name))).toEqual([]);
});

test.each([
  ['of a newer version', 'NEWER', `INSERT INTO kysely_migration VALUES ('9999-future', '2030-01-01')`],
  ['of another program', 'FOREIGN', 'DROP TABLE kysely_migration'],
])('RLY-98 a database %s is not restored', async (_name, code, statement) => {
  const [store, other] = [await storeOfOne('store.db'), await storeOfOne('other.db')];
  const database = new Database(other);
  database.exec(statement);
  database.close();
  await expect(sqliteBackup(store).restore(other)).rejects.toMatchObject({ code });
  expect(await entriesOf(store)).toEqual(['store.db']);
  expect(readdirSync(folder).filter((name) => /replaced|restored|part/.test(name))).toEqual([]);
});

test.each([
  ['an entry that is gone', `DELETE FROM entries`, 'logs have gaps'],
  ['an epoch without a key', `DELETE FROM epochs`, 'logs lack a key'],
  ['an invitation without its Welcome', `INSERT INTO inbox VALUES ('d', 1, 9, x'00', 0)`, 'invitations'],
])('the check finds %s', async (_name, statement, problem) => {
  const store = await storeOfOne('store.db');
  const database = new Database(store);
  database.exec(statement);
  database.close();
  const db = await openSqlite(store);
  expect(await problemsOf(db)).toEqual([expect.stringContaining(problem)]);
  await db.destroy();
});

test('RLY-99 of an account that was removed nothing is left but its handle, which nobody else gets', async () => {
  const alice = await new TestDevice(relay.url, 'alice').register();
  const bob = await new TestDevice(relay.url, 'bob').register();
  const group = await new TestGroup(relay.url).create();
  await alice.api.keyPackages.publish.mutate({ suite: 1, keyPackages: ['AAAA'], lastResort: 'BBBB' });
  await group.commit({ welcome: welcomeFor(alice.id, bob.id) });

  expect(await removeAccount(relay.db, 'alice', { freeHandle: false })).toBe(true);
  expect(await codeOf(alice.api.inbox.read.mutate({ cursor: 0, limit: 1 }))).toBe('UNAUTHENTICATED');
  expect(await codeOf(alice.login())).toBe('UNAUTHENTICATED');
  expect(await codeOf(bob.api.keyPackages.claim.mutate({ suite: 1, handles: ['alice'] }))).toBe('NOT_FOUND');
  expect(await codeOf(new TestDevice(relay.url, 'alice').register())).toBe('HANDLE_TAKEN');
  for (const table of ['sessions', 'key_packages', 'inbox', 'inbox_heads', 'devices'] as const) {
    const rows = await relay.db.selectFrom(table).select('device_id').execute();
    expect(rows.map(({ device_id }) => device_id)).not.toContain(alice.id);
  }
  // Others keep what is theirs.
  expect((await bob.api.inbox.read.mutate({ cursor: 0, limit: 9 })).entries).toHaveLength(1);
  expect(await problemsOf(relay.db)).toEqual([]);
});

test('RLY-99 a handle that was freed is anyone’s, and an unknown one cannot be removed', async () => {
  await new TestDevice(relay.url, 'alice').register();
  expect(await removeAccount(relay.db, 'nobody', { freeHandle: true })).toBe(false);
  expect(await removeAccount(relay.db, 'alice', { freeHandle: true })).toBe(true);
  await new TestDevice(relay.url, 'alice').register();
});
