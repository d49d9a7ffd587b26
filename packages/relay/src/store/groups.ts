import { FIRST_HEAD } from '@quicprochat/protocol';
import { first, prepared } from './prepared.ts';
import type { Db } from './schema.ts';
import { transaction } from './transaction.ts';

/**
 * A group has one log, whose id is the group's. Where the commit that ended an epoch is void, another one for the same
 * epoch begins a log of its own, which has all entries up to there in common with its base. Nobody but the members can
 * tell which of them goes on, so each has the keys of its own epochs and is written to by who holds those.
 */

export type Head = { epoch: number; sequence: number };

/** What the access key of an epoch stands for. */
export interface Access {
  accessKey: Buffer;
  logId: string;
  epoch: number;
  /** Where the log of that epoch ends now. */
  head: Head;
  /** The last entry that the key opens: the commit that ended its epoch, or the newest. */
  readableTo: number;
  isEnded: boolean;
  /** Where the log begins, if it is not the group's first: what comes before stands in the other. */
  base: { logId: string; sequence: number } | undefined;
}

/** Makes a group at epoch 0; false where the id is taken under another key. */
export function createGroup(db: Db, groupId: string, accessKey: Uint8Array): Promise<boolean> {
  return transaction(db, async (tx) => {
    const first = await tx
      .selectFrom('epochs')
      .select('access_key')
      .where('log_id', '=', groupId)
      .where('epoch', '=', 0)
      .executeTakeFirst();
    if (first !== undefined) return first.access_key.equals(accessKey);
    await tx
      .insertInto('logs')
      .values({
        log_id: groupId,
        group_id: groupId,
        epoch: 0,
        sequence: 0,
        head: Buffer.from(FIRST_HEAD),
        branch: '',
        base_log_id: null,
        base_sequence: 0,
        candidate: 0,
      })
      .execute();
    await beginEpoch(tx, { groupId, logId: groupId, epoch: 0, accessKey });
    return true;
  });
}

export async function beginEpoch(
  db: Db,
  {
    groupId,
    logId,
    epoch,
    accessKey,
  }: { groupId: string; logId: string; epoch: number; accessKey: Uint8Array },
): Promise<void> {
  await db
    .insertInto('epochs')
    .values({
      log_id: logId,
      epoch,
      group_id: groupId,
      access_key: Buffer.from(accessKey),
      ended_by: null,
      commits: 0,
    })
    .execute();
}

/** What an access key of the group stands for. */
export async function findAccess(
  db: Db,
  groupId: string,
  accessKey: Uint8Array,
): Promise<Access | undefined> {
  const row = await first(accessByKey(db, { groupId, accessKey: Buffer.from(accessKey) }));
  return row && accessOf(row);
}

const accessByKey = prepared((db, { groupId, accessKey }: { groupId: string; accessKey: Buffer }) =>
  selectAccess(db)
    .where('epochs.group_id', '=', groupId)
    .where('epochs.access_key', '=', accessKey)
    .orderBy('epochs.epoch', 'desc')
    .limit(1),
);

/** The same for an epoch whose key was shown before. */
export async function findEpoch(db: Db, logId: string, epoch: number): Promise<Access | undefined> {
  const row = await first(accessByEpoch(db, { logId, epoch }));
  return row && accessOf(row);
}

const accessByEpoch = prepared((db, { logId, epoch }: { logId: string; epoch: number }) =>
  selectAccess(db).where('epochs.log_id', '=', logId).where('epochs.epoch', '=', epoch),
);

/**
 * One query: were the end of the epoch and the end of the log looked up one after the other, a commit in between would
 * open to an old key what was posted after it.
 */
export function selectAccess(db: Db) {
  return db
    .selectFrom('epochs')
    .innerJoin('logs', 'logs.log_id', 'epochs.log_id')
    .select([
      'epochs.access_key',
      'epochs.log_id',
      'epochs.epoch',
      'epochs.ended_by',
      'logs.epoch as head_epoch',
      'logs.sequence',
      'logs.base_log_id',
      'logs.base_sequence',
    ]);
}

export type AccessRow = NonNullable<Awaited<ReturnType<ReturnType<typeof selectAccess>['executeTakeFirst']>>>;

export function accessOf(row: AccessRow): Access {
  return {
    accessKey: row.access_key,
    logId: row.log_id,
    epoch: row.epoch,
    head: { epoch: row.head_epoch, sequence: row.sequence },
    readableTo: row.ended_by ?? row.sequence,
    isEnded: row.ended_by !== null,
    base: row.base_log_id === null ? undefined : { logId: row.base_log_id, sequence: row.base_sequence },
  };
}
