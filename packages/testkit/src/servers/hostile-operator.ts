import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { RelayProcess } from './relay-process.ts';

/**
 * Takes the last entry of a group's log out of a running relay's store, as if it had never been acknowledged. The relay goes
 * on from the entry before, and signs for what it stores next.
 */
export function forgetLastEntry(relay: RelayProcess, groupId: string): void {
  const database = new DatabaseSync(join(relay.folder, 'relay.db'), { timeout: 5_000 });
  try {
    const last = 'log_id = ? AND sequence = (SELECT max(sequence) FROM entries WHERE log_id = ?)';
    database.prepare(`DELETE FROM entries WHERE ${last}`).run(groupId, groupId);
    const head = `(SELECT head FROM entries WHERE ${last})`;
    database
      .prepare(`UPDATE logs SET sequence = sequence - 1, head = ${head} WHERE log_id = ?`)
      .run(groupId, groupId, groupId);
  } finally {
    database.close();
  }
}
