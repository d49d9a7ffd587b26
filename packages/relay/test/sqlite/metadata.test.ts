import { readFile } from 'node:fs/promises';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { openSqlite } from '../../src/index.ts';

const PAGE = new URL('../../../../docs/src/security/what-the-relay-sees.md', import.meta.url);

test('the page "what the relay sees" names every column that the relay keeps, and no other', async () => {
  const db = await openSqlite(':memory:');
  const { rows } = await sql<{ name: string }>`
    SELECT tables.name || '.' || columns.name AS name
    FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
    WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' AND tables.name NOT LIKE 'kysely_%'
  `.execute(db);
  await db.destroy();
  const page = await readFile(PAGE, 'utf8');
  const explained = [...page.matchAll(/^\| `(\w+\.\w+)` +\|/gm)].map(([, column]) => column);
  expect(explained.sort()).toEqual(rows.map(({ name }) => name).sort());
});
