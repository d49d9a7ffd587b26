import type { Db } from '@quicprochat/relay';

/** All that a relay stores, by table. */
export type Backup = ReadonlyMap<Table, readonly object[]>;

/** One name stands for all, whose rows are copied whatever is in them. */
type Table = 'entries';

/** SQLite takes so many values in one statement. */
const MOST_VALUES = 30_000;

export function backUp(db: Db): Promise<Backup> {
  return db.transaction().execute(async (tx) => {
    const backup = new Map<Table, object[]>();
    for (const { name } of await tx.introspection.getTables())
      backup.set(
        name as Table,
        await tx
          .selectFrom(name as Table)
          .selectAll()
          .execute(),
      );
    return backup;
  });
}

/**
 * Puts a backup in the place of all that is stored.
 *
 * @returns the ids of the groups whose logs have lost entries by that
 */
export function restore(db: Db, backup: Backup): Promise<string[]> {
  return db.transaction().execute(async (tx) => {
    const before = await tx.selectFrom('logs').select(['log_id', 'group_id', 'sequence']).execute();
    // Those that refer to others were made after them.
    for (const table of [...backup.keys()].reverse()) await tx.deleteFrom(table).execute();
    for (const [table, rows] of backup) {
      const most = Math.floor(MOST_VALUES / Object.keys(rows[0] ?? { one: 1 }).length);
      for (let from = 0; from < rows.length; from += most)
        await tx
          .insertInto(table)
          .values(rows.slice(from, from + most) as never)
          .execute();
    }
    const after = await tx.selectFrom('logs').select(['log_id', 'sequence']).execute();
    const ends = new Map(after.map(({ log_id, sequence }) => [log_id, sequence]));
    return before.flatMap(({ log_id, group_id, sequence }) =>
      (ends.get(log_id) ?? -1) < sequence ? [group_id] : [],
    );
  });
}
