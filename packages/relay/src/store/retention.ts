import { LIMITS } from '@quicprochat/protocol';
import { prune } from './secrets.ts';
import type { Db } from './schema.ts';
import { transaction } from './transaction.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** Rows that one pass deletes of a kind: other calls wait for no longer than that takes. */
const MOST_AT_ONCE = 1_000;

/**
 * The day, counted from 1970, on which what is stored now goes. A day and no time, and the next one where the day has
 * begun: a backup tells roughly when a device was there, and no better.
 */
export function expiryDay(nowMs: number, keptMs: number): number {
  return Math.ceil((nowMs + keptMs) / DAY_MS);
}

/** The day that it is: what goes on it is over. */
export function dayOf(nowMs: number): number {
  return Math.floor(nowMs / DAY_MS);
}

/** What one pass deleted: counts, and not whose it was. */
export interface Expired {
  keyPackages: number;
  spentKeyPackages: number;
  welcomes: number;
}

/**
 * Deletes what is of no use to anyone any more: what has run out, key packages whose lifetime is over, and Welcomes that no
 * device can still hold the keys for. Entries of groups stay: they have no time, and members read a log from where they
 * left it. Nothing depends on when this happens, or on how many relays do it at once.
 */
export async function expire(db: Db, nowMs: number): Promise<Expired> {
  await prune(db, nowMs);
  const today = dayOf(nowMs);
  await dateOldRows(db, nowMs);
  return {
    keyPackages: await expireKeyPackages(db, today),
    spentKeyPackages: await expireSpentKeyPackages(db, today),
    welcomes: await expireWelcomes(db, today),
  };
}

/** What an earlier version stored has no day: it gets the one that it would have, were it new. */
async function dateOldRows(db: Db, nowMs: number): Promise<void> {
  const keyPackageDay = expiryDay(nowMs, LIMITS.keyPackageKeptMs);
  for (const table of ['key_packages', 'spent_key_packages'] as const) {
    await db.updateTable(table).set({ expires_on: keyPackageDay }).where('expires_on', 'is', null).execute();
  }
  await db
    .updateTable('welcomes')
    .set({ expires_on: expiryDay(nowMs, LIMITS.welcomeKeptMs) })
    .where('expires_on', 'is', null)
    .execute();
}

async function expireKeyPackages(db: Db, today: number): Promise<number> {
  const over = db
    .selectFrom('key_packages')
    .select('id')
    .where('expires_on', '<=', today)
    .limit(MOST_AT_ONCE);
  const { numDeletedRows } = await db.deleteFrom('key_packages').where('id', 'in', over).executeTakeFirst();
  return Number(numDeletedRows);
}

async function expireSpentKeyPackages(db: Db, today: number): Promise<number> {
  const over = db
    .selectFrom('spent_key_packages')
    .select('hash')
    .where('expires_on', '<=', today)
    .limit(MOST_AT_ONCE);
  const { numDeletedRows } = await db
    .deleteFrom('spent_key_packages')
    .where('hash', 'in', over)
    .executeTakeFirst();
  return Number(numDeletedRows);
}

/** A Welcome and its joiners' secrets go together; the sequences of the inboxes are not used again. */
function expireWelcomes(db: Db, today: number): Promise<number> {
  return transaction(db, async (tx) => {
    const gone = await tx
      .selectFrom('welcomes')
      .select('welcome_id')
      .where('expires_on', '<=', today)
      // In the order in which inboxes lock them.
      .orderBy('welcome_id')
      .limit(MOST_AT_ONCE)
      .forUpdate()
      .execute();
    const ids = gone.map(({ welcome_id }) => welcome_id);
    if (ids.length === 0) return 0;
    await tx.deleteFrom('inbox').where('welcome_id', 'in', ids).execute();
    await tx.deleteFrom('welcomes').where('welcome_id', 'in', ids).execute();
    return ids.length;
  });
}
