import { LIMITS, toBase64Url, type InboxPage } from '@quicprochat/protocol';
import { cutToBytes } from './groups.ts';
import type { Db } from './sqlite.ts';

export async function readInbox(db: Db, deviceId: string, cursor: number, limit: number): Promise<InboxPage> {
  const most = Math.min(limit, LIMITS.maxPageEntries);
  const rows = await db
    .selectFrom('inbox')
    .innerJoin('welcomes', 'welcomes.welcome_id', 'inbox.welcome_id')
    .select(['inbox.sequence', 'welcomes.group_id', 'welcomes.group_sequence', 'welcomes.payload'])
    .where('device_id', '=', deviceId)
    .where('inbox.sequence', '>', cursor)
    .orderBy('inbox.sequence')
    .limit(most + 1)
    .execute();
  const fitting = cutToBytes(rows.slice(0, most));
  const entries = fitting.map((row) => ({
    sequence: row.sequence,
    groupId: row.group_id,
    groupSequence: row.group_sequence,
    payload: toBase64Url(row.payload),
  }));
  return { entries, cursor: entries.at(-1)?.sequence ?? cursor, more: fitting.length < rows.length };
}

/** Deletes what was received, and Welcomes that nobody waits for any more. */
export function acknowledgeInbox(db: Db, deviceId: string, sequence: number): Promise<void> {
  return db.transaction().execute(async (tx) => {
    const gone = await tx
      .deleteFrom('inbox')
      .where('device_id', '=', deviceId)
      .where('sequence', '<=', sequence)
      .returning('welcome_id')
      .execute();
    for (const { welcome_id } of gone) {
      await tx
        .deleteFrom('welcomes')
        .where('welcome_id', '=', welcome_id)
        .where((eb) =>
          eb.not(
            eb.exists(
              eb
                .selectFrom('inbox')
                .select('inbox.welcome_id')
                .whereRef('inbox.welcome_id', '=', 'welcomes.welcome_id'),
            ),
          ),
        )
        .execute();
    }
  });
}

export async function inboxHead(db: Db, deviceId: string): Promise<number> {
  const head = await db
    .selectFrom('inbox_heads')
    .select('sequence')
    .where('device_id', '=', deviceId)
    .executeTakeFirst();
  return head?.sequence ?? 0;
}
