import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { Kysely, sql, SqliteDialect } from 'kysely';
import { Migrator } from 'kysely/migration';
import { expect, test } from 'vitest';
import { openSqlite, problemsOf } from '../../src/index.ts';
import { findAccess } from '../../src/store/groups.ts';
import { readInbox } from '../../src/store/inbox.ts';
import { readEntries } from '../../src/store/log.ts';
import { migrationsFor } from '../../src/store/migrations.ts';
import { headOf } from '../support/heads.ts';
import { appendMessage } from '../support/entries.ts';

/** A database as a relay left it whose last migration was this one. */
async function leftAt(path: string, last: string, rows: readonly string[]): Promise<void> {
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database: new Database(path) }) });
  const migrator = new Migrator({ db, provider: { getMigrations: async () => migrationsFor('sqlite') } });
  const { error } = await migrator.migrateTo(last);
  if (error !== undefined) throw new Error('not migrated', { cause: error });
  for (const row of rows) await sql.raw(row).execute(db);
  await db.destroy();
}

test('Welcomes of the form before 0004 are gone, all else stays, and no sequence of an inbox is used twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-relay-test-'));
  const path = join(folder, 'relay.db');
  await leftAt(path, '0003-expiry', [
    `INSERT INTO groups VALUES ('g', 0, 0)`,
    `INSERT INTO welcomes VALUES (1, 'g', 1, x'01')`,
    `INSERT INTO inbox VALUES ('d', 7, 1)`,
    `INSERT INTO inbox_heads VALUES ('d', 7)`,
  ]);
  const db = await openSqlite(path);
  const count = async (table: 'welcomes' | 'inbox' | 'logs') =>
    (await db.selectFrom(table).selectAll().execute()).length;
  expect([await count('welcomes'), await count('inbox'), await count('logs')]).toEqual([0, 0, 1]);
  expect(await db.selectFrom('inbox_heads').selectAll().execute()).toEqual([
    { device_id: 'd', sequence: 7, bytes: 0 },
  ]);

  const welcome = { group_id: 'g', group_sequence: 2, shared: Buffer.from('s') };
  const { welcome_id } = await db
    .insertInto('welcomes')
    .values(welcome)
    .returning('welcome_id')
    .executeTakeFirstOrThrow();
  const entry = { device_id: 'd', sequence: 8, welcome_id, secrets: Buffer.from('own') };
  await db.insertInto('inbox').values(entry).execute();
  expect((await readInbox(db, 'd', { cursor: 7, limit: 9 })).entries).toEqual([
    { sequence: 8, groupId: 'g', groupSequence: 2, secrets: 'b3du', shared: 'cw' },
  ]);
  await db.destroy();
  await rm(folder, { recursive: true });
});

test('logs of before 0007 are chained, and go on', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-relay-test-'));
  const path = join(folder, 'relay.db');
  await leftAt(path, '0005-retention', [
    `INSERT INTO groups VALUES ('g', 1, 3)`,
    `INSERT INTO epochs VALUES ('g', 0, x'aa', 2)`,
    `INSERT INTO epochs VALUES ('g', 1, x'bb', NULL)`,
    `INSERT INTO entries VALUES ('g', 1, 0, 'message', 'one', x'01', x'00')`,
    `INSERT INTO entries VALUES ('g', 2, 0, 'commit', 'two', x'02', x'00')`,
    `INSERT INTO entries VALUES ('g', 3, 1, 'message', 'three', x'03', x'00')`,
  ]);
  const db = await openSqlite(path);
  await appendMessage(db, 'g', { epoch: 1, id: 'four', payload: Buffer.from([4]) });
  const access = await findAccess(db, 'g', Buffer.from([0xbb]));
  if (access === undefined) return expect.unreachable();
  const { entries, after } = await readEntries(db, { access, cursor: 0, limit: 9 });
  expect(entries.map(({ id, payload }) => [id, payload])).toEqual([
    ['one', 'AQ'],
    ['two', 'Ag'],
    ['three', 'Aw'],
    ['four', 'BA'],
  ]);
  expect(entries[1]).toMatchObject({ kind: 'commit', candidate: 0, nextAccessKey: 'uw' });
  expect(after?.head).toEqual(headOf(entries));
  const old = await findAccess(db, 'g', Buffer.from([0xaa]));
  expect(old).toMatchObject({ readableTo: 2, isEnded: true, epoch: 0 });
  expect(await problemsOf(db)).toEqual([]);
  await db.destroy();
  await rm(folder, { recursive: true });
});

test('a group of before 0007 in which a key came twice does not keep the relay from starting', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-relay-test-'));
  const path = join(folder, 'relay.db');
  await leftAt(path, '0005-retention', [
    `INSERT INTO groups VALUES ('g', 2, 2)`,
    `INSERT INTO epochs VALUES ('g', 0, x'aa', 1), ('g', 1, x'bb', 2), ('g', 2, x'aa', NULL)`,
    `INSERT INTO entries VALUES ('g', 1, 0, 'commit', 'one', x'01', x'00')`,
    `INSERT INTO entries VALUES ('g', 2, 1, 'commit', 'two', x'02', x'00')`,
  ]);
  const db = await openSqlite(path);
  // Of two epochs the later one, which goes on.
  expect(await findAccess(db, 'g', Buffer.from([0xaa]))).toMatchObject({ epoch: 2, isEnded: false });
  expect(await problemsOf(db)).toEqual([]);
  await db.destroy();
  await rm(folder, { recursive: true });
});
