import { readFile } from 'node:fs/promises';
import { LIMITS } from '@quicprochat/protocol';
import { sql } from 'kysely';
import { beforeAll, expect, test } from 'vitest';
import { openSqlite } from '../../src/index.ts';

const PAGE = new URL('../../../../docs/src/security/what-the-relay-sees.md', import.meta.url);
const SPEC = new URL('../../SPEC.md', import.meta.url);

let page: string;
let columns: string[];

beforeAll(async () => {
  page = await readFile(PAGE, 'utf8');
  const db = await openSqlite(':memory:');
  const { rows } = await sql<{ name: string }>`
    SELECT tables.name || '.' || columns.name AS name
    FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
    WHERE tables.type = 'table' AND tables.name NOT LIKE 'sqlite_%' AND tables.name NOT LIKE 'kysely_%'
  `.execute(db);
  await db.destroy();
  columns = rows.map(({ name }) => name).sort();
});

test('the page "what the relay sees" names every column that the relay keeps, and no other', () => {
  const explained = [...page.matchAll(/^\| `(\w+\.\w+)` +\|/gm)].map(([, column]) => column);
  expect(explained.sort()).toEqual(columns);
});

test('RLY-96 the tables that store a time are those that the rule names', async () => {
  const rule = /^- \*\*RLY-96\*\* .*$/m.exec(await readFile(SPEC, 'utf8'))?.[0] ?? '';
  const named = [...rule.matchAll(/`(\w+)`/g)].map(([, table]) => table);
  const storing = (suffix: string) =>
    columns.filter((column) => column.endsWith(suffix)).map((column) => column.split('.')[0]);
  expect(named.sort()).toEqual(storing('.expires_at'));
  expect(storing('.expires_on')).toEqual(['blobs', 'key_packages', 'spent_key_packages', 'welcomes']);
  const others = columns.filter(
    (column) => /(_at|_ms|_time|_on)$/.test(column) && !/\.expires_(at|on)$/.test(column),
  );
  expect(others).toEqual([]);
});

test('the page says how long the relay keeps what expires', () => {
  const kept = new Map(
    [...page.matchAll(/^\| ([a-z][^|]*?) +\| ([^|]+?) +\|$/gm)].map(([, what, until]) => [what, until]),
  );
  const days = (ms: number) => `${ms / (24 * 60 * 60 * 1_000)} day`;
  const minutes = (ms: number) => `${ms / 60_000} minutes`;
  expect(kept.get('key packages')).toContain(days(LIMITS.keyPackageKeptMs));
  expect(kept.get('secrets in an inbox')).toContain(days(LIMITS.welcomeKeptMs));
  expect(kept.get('shared parts of Welcomes')).toContain(days(LIMITS.welcomeKeptMs));
  expect([LIMITS.challengeLifetimeMs, LIMITS.ticketLifetimeMs]).toEqual([30_000, 30_000]);
  expect(kept.get('challenges, tickets, follow-ups')).toContain('30 seconds');
  expect(kept.get('attachments')).toContain(days(LIMITS.blobKeptMs));
  expect(kept.get('attachments')).toContain(`unfinished uploads, ${days(LIMITS.uploadKeptMs)}`);
  expect(kept.get('tokens for attachments')).toContain(`${days(LIMITS.uploadKeptMs)} for uploading`);
  expect(kept.get('tokens for attachments')).toContain(
    `${minutes(LIMITS.downloadTokenLifetimeMs)} for reading`,
  );
  expect(kept.get('sessions')).toBe(`${LIMITS.sessionLifetimeMs / 3_600_000} hour`);
  const proof = LIMITS.proofWindowMs / 60_000;
  expect(kept.get('nonces')).toContain(`${3 * proof} to ${3 * proof + 1} minutes`);
});
