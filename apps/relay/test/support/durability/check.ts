import { openPostgres, openSqlite, problemsOf, sqliteProblems } from '@quicprochat/relay';
import { expect } from 'vitest';

/** Where a relay's data is: the file of SQLite, or the address of PostgreSQL. */
export type Store = { path: string } | { url: string };

/**
 * What `qpc-relay admin check` looks for, integrity_check among it, without a process for each of many times. The store
 * is closed again: a connection that stays would keep the next relay from having to recover.
 */
export async function expectWhole(store: Store): Promise<void> {
  const db = 'path' in store ? await openSqlite(store.path) : await openPostgres(store.url);
  try {
    if ('path' in store) expect(await sqliteProblems(db)).toEqual([]);
    expect(await problemsOf(db)).toEqual([]);
  } finally {
    await db.destroy();
  }
}
