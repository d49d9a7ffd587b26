import { nodePlatform } from '../platform.ts';
import { isContention } from './faults.ts';
import type { Db } from './schema.ts';

/** More than this in a row is no coincidence, and the caller is told so. */
const ATTEMPTS = 5;

/**
 * Does all of the work or none of it. SQLite has one writer at a time. PostgreSQL has many, so work that decides by what
 * it reads locks the row that it decides on (`forUpdate`), and rows are always locked in one order. Where two of them
 * meet all the same, one is undone, and done again here: it looks anew, and so finds what the other has stored.
 *
 * `work` may run several times, so it changes nothing but the database.
 */
export async function transaction<T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      // Each statement sees what was committed before it began: who waited for a lock sees what he waited for.
      return await db.transaction().setIsolationLevel('read committed').execute(work);
    } catch (error) {
      if (attempt === ATTEMPTS || !isContention(error)) throw error;
      await pause(10 * 2 ** attempt);
    }
  }
}

/** Up to so long. Node's own time: on PostgreSQL alone can two transactions meet, and no simulation runs on that. */
function pause(mostMs: number): Promise<void> {
  return new Promise((resolve) => nodePlatform.after(nodePlatform.fraction() * mostMs, resolve));
}
