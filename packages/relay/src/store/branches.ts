import type { Access } from './groups.ts';
import type { Db } from './schema.ts';

/**
 * Whether a key opens what belongs to an epoch of a log: of its own log up to its own epoch, and of the one that this parted
 * from, up to the epoch whose commits they part at. Epochs of other branches have the same numbers and are not its own:
 * who was removed can begin a branch, and count as many epochs there as he likes.
 */
export async function opensEpochOf(
  db: Db,
  access: Pick<Access, 'logId' | 'epoch'>,
  { logId, epoch }: { logId: string; epoch: number },
): Promise<boolean> {
  let branch = { logId: access.logId, lastEpoch: access.epoch };
  while (branch.logId !== logId) {
    const base = await baseOf(db, branch.logId);
    if (base === undefined) return false;
    branch = base;
  }
  return epoch <= branch.lastEpoch;
}

/** The log that this one parts from, and the last epoch that both have. */
async function baseOf(db: Db, logId: string): Promise<{ logId: string; lastEpoch: number } | undefined> {
  const row = await db
    .selectFrom('logs')
    .innerJoin('epochs', 'epochs.log_id', 'logs.log_id')
    .select(({ fn }) => ['logs.base_log_id', fn.min('epochs.epoch').as('first_epoch')])
    .where('logs.log_id', '=', logId)
    .groupBy('logs.base_log_id')
    .executeTakeFirst();
  if (row === undefined || row.base_log_id === null) return undefined;
  return { logId: row.base_log_id, lastEpoch: row.first_epoch - 1 };
}
