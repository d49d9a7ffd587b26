import type { Db } from './schema.ts';
import { transaction } from './transaction.ts';

/**
 * Deletes a group with all branches of its log and the Welcomes into it. Its attachments are over from now on, and the next
 * pass deletes their bytes. To its members the group is as unknown as one that never was. False where there is none of this id.
 *
 * @param today the day that it is, see `dayOf`
 */
export function removeGroup(db: Db, groupId: string, today: number): Promise<boolean> {
  return transaction(db, async (tx) => {
    const logs = await tx
      .selectFrom('logs')
      .select('log_id')
      .where('group_id', '=', groupId)
      // The group's first log before any other, as commits do.
      .orderBy('log_id')
      .forUpdate()
      .execute();
    if (logs.length === 0) return false;
    // Not by their ids: a flood can have begun more branches than a query has parameters.
    const ids = tx.selectFrom('logs').select('log_id').where('group_id', '=', groupId);
    await tx
      .updateTable('blobs')
      .set({ expires_on: today })
      .where('log_id', 'in', ids)
      .where('state', '!=', 'removed')
      .execute();
    for (const table of ['entries', 'epochs'] as const)
      await tx.deleteFrom(table).where('log_id', 'in', ids).execute();
    await tx.deleteFrom('logs').where('group_id', '=', groupId).execute();
    const welcomes = tx.selectFrom('welcomes').select('welcome_id').where('group_id', '=', groupId);
    await tx.deleteFrom('inbox').where('welcome_id', 'in', welcomes).execute();
    await tx.deleteFrom('welcomes').where('group_id', '=', groupId).execute();
    return true;
  });
}
