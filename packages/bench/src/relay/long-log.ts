import { DatabaseSync } from 'node:sqlite';
import type { Ground } from './ground.ts';
import type { LoadGroup } from './load-group.ts';

/**
 * Puts so many entries of 256 random bytes into a new group's log, behind the relay's back: by posts, a million would take
 * an hour. On SQLite alone.
 */
export function lengthen({ id }: LoadGroup, { sqlitePath }: Ground, length: number): void {
  const database = new DatabaseSync(sqlitePath, { timeout: 5_000 });
  try {
    database.exec('BEGIN IMMEDIATE');
    database
      .prepare(
        `WITH RECURSIVE place(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM place WHERE n < ?)
         INSERT INTO entries (log_id, sequence, epoch, kind, entry_id, payload, digest, head)
         SELECT ?, n, 0, 'message', lower(hex(randomblob(16))), randomblob(256), randomblob(32), randomblob(32) FROM place`,
      )
      .run(length, id);
    database.prepare('UPDATE logs SET sequence = ? WHERE log_id = ?').run(length, id);
    database.exec('COMMIT');
  } finally {
    database.close();
  }
}
