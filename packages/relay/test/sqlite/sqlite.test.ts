import { randomBytes } from 'node:crypto';
import { sql } from 'kysely';
import { expect, test } from 'vitest';
import { isAtLeast } from '../../src/store/sqlite.ts';
import { apiOf, codeOf, refusalOf } from '../support/api.ts';
import { TestDevice } from '../support/device.ts';
import { TestGroup, welcomeFor } from '../support/group.ts';
import { startRelay } from '../support/relay.ts';

test('RLY-7 a full disk is UNAVAILABLE, stores nothing, and is over when there is room again', async () => {
  const small = await startRelay();
  const api = apiOf(small.url);
  await api.auth.challenge.mutate({});
  const pages = await small.db.executeQuery<{ page_count: number }>(raw('PRAGMA page_count'));
  await small.db.executeQuery(raw(`PRAGMA max_page_count = ${pages.rows[0]?.page_count ?? 1}`));
  const codes = new Set<string>();
  for (let i = 0; i < 400 && codes.size < 1; i++) {
    const call = api.auth.challenge.mutate({});
    if ((await Promise.allSettled([call]))[0].status === 'rejected') codes.add(await codeOf(call));
  }
  expect([...codes]).toEqual(['UNAVAILABLE']);
  await small.db.executeQuery(raw('PRAGMA max_page_count = 1073741823'));
  expect((await api.auth.challenge.mutate({})).challenge).toHaveLength(43);
  await small.close();
});

test('RLY-7 a disk that is full in the middle of a commit: nothing of it is stored, and it can be repeated', async () => {
  const small = await startRelay();
  try {
    const device = await new TestDevice(small.url, 'alice').register();
    const group = await new TestGroup(small.url).create();
    const { rows } = await sql<{ page_count: number }>`PRAGMA page_count`.execute(small.db);
    // Room for the entry, and not for the Welcome.
    await sql`PRAGMA max_page_count = ${sql.raw(String((rows[0]?.page_count ?? 0) + 20))}`.execute(small.db);
    const commit = {
      epoch: 0,
      payload: randomBytes(10_000),
      welcome: { ...welcomeFor(device.id), shared: randomBytes(500_000) },
    };
    const { code, retryable } = (await refusalOf(group.commit(commit))) as {
      code: string;
      retryable?: boolean;
    };
    expect([code, retryable]).toEqual(['UNAVAILABLE', true]);
    expect(await small.db.selectFrom('entries').select('sequence').execute()).toEqual([]);
    expect(await group.post('goes on')).toBe(1);
    await sql`PRAGMA max_page_count = 1073741823`.execute(small.db);
    expect(await group.commit(commit)).toBe(2);
    expect((await device.api.inbox.read.mutate({ cursor: 0, limit: 9 })).entries).toHaveLength(1);
  } finally {
    await small.close();
  }
});

test('an SQLite that can lose commits is refused', () => {
  expect(
    [
      [3, 51, 2],
      [3, 50, 9],
      [2, 99, 99],
    ].map(isAtLeast),
  ).toEqual([false, false, false]);
  expect(
    [
      [3, 51, 3],
      [3, 52, 0],
      [4, 0, 0],
    ].map(isAtLeast),
  ).toEqual([true, true, true]);
});

test('a commit is on the disk before it is acknowledged, and what was deleted is overwritten', async () => {
  const relay = await startRelay();
  const pragma = async (name: string) =>
    Object.values((await sql`PRAGMA ${sql.raw(name)}`.execute(relay.db)).rows[0] as object)[0] as unknown;
  expect(await pragma('journal_mode')).toBe('wal');
  expect(await pragma('synchronous')).toBe(2);
  expect(await pragma('secure_delete')).toBe(1);
  await relay.close();
});

function raw(sql: string) {
  return { sql, parameters: [], query: { kind: 'RawNode' }, queryId: { queryId: sql } } as never;
}
