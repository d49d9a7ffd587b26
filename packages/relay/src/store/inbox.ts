import type { InboxPage } from '@quicprochat/protocol';
import { sql } from 'kysely';
import { base64Url, endOfPage, mostEntries, type PageRequest } from './pages.ts';
import type { Db } from './schema.ts';
import { transaction } from './transaction.ts';

/** A page of a device's inbox. */
export async function readInbox(db: Db, deviceId: string, request: PageRequest): Promise<InboxPage> {
  const most = mostEntries(request);
  const after = db
    .selectFrom('inbox')
    .innerJoin('welcomes', 'welcomes.welcome_id', 'inbox.welcome_id')
    .where('device_id', '=', deviceId)
    .where('inbox.sequence', '>', request.cursor)
    .orderBy('inbox.sequence');
  const sizes = await after
    .select(['inbox.sequence', sql<number>`length(inbox.secrets) + length(welcomes.shared)`.as('size')])
    .limit(most + 1)
    .execute();
  const end = endOfPage(sizes.slice(0, most), request) ?? request.cursor;
  const rows = await after
    .where('inbox.sequence', '<=', end)
    .select([
      'inbox.sequence',
      'welcomes.group_id as groupId',
      'welcomes.group_sequence as groupSequence',
      'inbox.secrets',
      'welcomes.shared',
    ])
    .execute();
  return {
    entries: rows.map(({ secrets, shared, ...entry }) => ({
      ...entry,
      secrets: base64Url(secrets),
      shared: base64Url(shared),
    })),
    cursor: end,
    more: (sizes.at(-1)?.sequence ?? end) > end,
  };
}

/** Deletes what was received, and the shared parts of Welcomes that nobody waits for any more. */
export function acknowledgeInbox(db: Db, deviceId: string, sequence: number): Promise<void> {
  return transaction(db, (tx) => deleteFromInbox(tx, deviceId, sequence));
}

/** {@link acknowledgeInbox} as a part of a transaction. */
export async function deleteFromInbox(tx: Db, deviceId: string, sequence: number): Promise<void> {
  const received = tx
    .selectFrom('inbox')
    .select('welcome_id')
    .where('device_id', '=', deviceId)
    .where('sequence', '<=', sequence);
  // Locked first: of two devices that go last at once, the second sees that the first is gone.
  const gone = await tx
    .selectFrom('welcomes')
    .select('welcome_id')
    .where('welcome_id', 'in', received)
    .orderBy('welcome_id')
    .forUpdate()
    .execute();
  await tx.deleteFrom('inbox').where('device_id', '=', deviceId).where('sequence', '<=', sequence).execute();
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
}

export async function inboxHead(db: Db, deviceId: string): Promise<number> {
  const head = await db
    .selectFrom('inbox_heads')
    .select('sequence')
    .where('device_id', '=', deviceId)
    .executeTakeFirst();
  return head?.sequence ?? 0;
}
