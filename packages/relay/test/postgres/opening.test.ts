import { sql } from 'kysely';
import { expect, inject, test } from 'vitest';
import { openPostgres, openSqlite, StoreStartError } from '../../src/index.ts';
import { migrationsFor } from '../../src/store/migrations.ts';
import { isNewEnough } from '../../src/store/postgres.ts';
import { newPostgres } from '../support/database.ts';

const PASSWORD = new URL(inject('postgresUrl')).password;

/** The error that a start ended with. */
async function startError(url: string): Promise<StoreStartError> {
  const error: unknown = await openPostgres(url).then(
    (db) => db.destroy(),
    (reason: unknown) => reason,
  );
  if (error instanceof StoreStartError) return error;
  throw new Error('not a start error', { cause: error });
}

/** The server's address with something else in it. */
function address(change: (url: URL) => void): string {
  const url = new URL(inject('postgresUrl'));
  change(url);
  return url.href;
}

test.each([
  ['nobody listens there', address((url) => (url.port = '1')), 'STORE_UNREACHABLE'],
  ['the password is wrong', address((url) => (url.password = 'wrong-password')), 'STORE_REFUSED'],
  ['the database is not there', address((url) => (url.pathname = 'no_such')), 'STORE_REFUSED'],
  ['the address is none', 'postgres://[', 'STORE_REFUSED'],
])('RLY-70 where %s, the start fails with a sentence that holds no secret', async (_why, url, code) => {
  const error = await startError(url);
  expect(error.code).toBe(code);
  expect(error.message).toMatch(/^[^\n]+\.$/);
  for (const secret of [PASSWORD, 'wrong-password', '127.0.0.1', 'no_such'])
    expect(error.message).not.toContain(secret);
});

test('RLY-70 a server that may lose what it has acknowledged is refused, by the name of the setting', async () => {
  const database = await newPostgres(inject('postgresUrl'));
  const db = await database.open();
  await sql`ALTER DATABASE ${sql.id(new URL(database.url).pathname.slice(1))} SET synchronous_commit = off`.execute(
    db,
  );
  await db.destroy();
  const error = await startError(database.url);
  expect([error.code, error.message]).toEqual([
    'STORE_UNSAFE',
    expect.stringContaining('synchronous_commit = off'),
  ]);
  await database.remove();
});

test('RLY-70 a server older than the tests have seen is refused', () => {
  expect([9, 14, Number.NaN].map(isNewEnough)).toEqual([false, false, false]);
  expect([15, 16, 18].map(isNewEnough)).toEqual([true, true, true]);
});

test('RLY-71 relays that start at once on an empty database make its tables once', async () => {
  const database = await newPostgres(inject('postgresUrl'));
  const opened = await Promise.all(Array.from({ length: 5 }, () => database.open()));
  const { rows } = await sql<{ name: string }>`SELECT name FROM kysely_migration ORDER BY name`.execute(
    opened[0] ?? expect.unreachable(),
  );
  expect(rows.map(({ name }) => name)).toEqual(Object.keys(migrationsFor('postgres')));
  await Promise.all(opened.map((db) => db.destroy()));
  await database.remove();
});

test('RLY-71 the tables have the same columns on both stores', async () => {
  const database = await newPostgres(inject('postgresUrl'));
  const stores = [await database.open(), await openSqlite(':memory:')];
  const [postgres, sqlite] = await Promise.all(
    stores.map(async (db) => {
      const tables = await db.introspection.getTables();
      return tables.flatMap((table) => table.columns.map(({ name }) => `${table.name}.${name}`)).sort();
    }),
  );
  expect(postgres?.length).toBeGreaterThan(40);
  expect(postgres).toEqual(sqlite);
  await Promise.all(stores.map((db) => db.destroy()));
  await database.remove();
});
