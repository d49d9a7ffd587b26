import { branchOf, type WelcomeParts } from '@quicprochat/protocol';
import {
  append,
  behind,
  digestOf,
  lockLog,
  selectEpoch,
  type Log,
  type NewWrite,
  type Refused,
  type Stored,
} from './append.ts';
import { beginEpoch } from './groups.ts';
import { headAt } from './log.ts';
import type { Db } from './schema.ts';
import { useNonces } from './secrets.ts';
import { transaction } from './transaction.ts';
import { deliverWelcome, findFullInbox, knownDevices } from './welcomes.ts';

export interface NewCommit extends NewWrite {
  id: string;
  payload: Uint8Array;
  /** How many commits for this epoch its sender has found void. */
  candidate: number;
  nextAccessKey: Uint8Array;
  welcome: WelcomeParts | null;
  /** The day on which the Welcome goes, see `expiryDay`. */
  welcomeExpiresOn: number;
}

export type WrittenCommit = { outcome: 'accepted'; place: Stored } | Refused;

/**
 * Ends an epoch: the commit, the next epoch's key and the Welcome are stored together, or none of them is. The first
 * commit of an epoch goes on with its log; another one, whose sender has found all before it void, begins a log of its own.
 */
export function appendCommit(db: Db, commit: NewCommit): Promise<WrittenCommit> {
  const { candidate, nextAccessKey, welcome } = commit;
  const digest = digestOf([commit.payload, nextAccessKey, Buffer.from(`${candidate}`), ...partsOf(welcome)]);
  return transaction(db, async (tx): Promise<WrittenCommit> => {
    // The group's first log before any other: no key comes into two of them at once.
    if (commit.logId !== commit.groupId) await lockLog(tx, commit.groupId);
    const log = await lockLog(tx, commit.logId);
    if (log === undefined) return { outcome: 'gone' };
    // After the log, as posts do: in two orders, two calls with one nonce would wait for each other.
    if (!(await useNonces(tx, commit.once))) return { outcome: 'replayed' };
    const before = await findRepeated(tx, commit, [commit.logId, ownLogId(commit)], digest);
    if (before !== undefined) return before;
    const { commits } = await selectEpoch(tx, commit);
    if (candidate < commits) return behind(tx, log, commit);
    if (candidate > commits) return { outcome: 'no-such-candidate' };
    if (await isKeyKnown(tx, commit)) return { outcome: 'reused-key' };
    if (welcome !== null) {
      const joiners = welcome.joiners.map(({ deviceId }) => deviceId);
      if ((await knownDevices(tx, joiners)).length < joiners.length) return { outcome: 'unknown-joiner' };
      const handle = await findFullInbox(tx, welcome);
      if (handle !== undefined) return { outcome: 'inbox-full', handle };
    }
    const target = candidate === 0 ? log : await beginBranch(tx, log, commit);
    return endEpoch(tx, target, commit, digest);
  });
}

/** The answer to a write whose id is there already. */
async function findRepeated(
  tx: Db,
  { id, epoch }: NewCommit,
  logIds: readonly string[],
  digest: Buffer,
): Promise<WrittenCommit | undefined> {
  const repeated = await tx
    .selectFrom('entries')
    .innerJoin('logs', 'logs.log_id', 'entries.log_id')
    .select([
      'entries.log_id',
      'logs.branch',
      'entries.sequence',
      'entries.epoch',
      'entries.head',
      'entries.digest',
    ])
    .where('entries.log_id', 'in', [...logIds])
    .where('entries.entry_id', '=', id)
    .executeTakeFirst();
  if (repeated === undefined) return undefined;
  if (repeated.epoch !== epoch || !repeated.digest.equals(digest)) return { outcome: 'reused-id' };
  const { log_id: logId, branch, sequence, head } = repeated;
  return { outcome: 'accepted', place: { logId, branch, sequence, head } };
}

async function endEpoch(tx: Db, log: Log, commit: NewCommit, digest: Buffer): Promise<WrittenCommit> {
  const { groupId, epoch, id, payload, candidate, nextAccessKey, welcome } = commit;
  const entry = { kind: 'commit', epoch, id, payload, digest, candidate, nextAccessKey } as const;
  const [place] = await append(tx, log, [entry]);
  if (place === undefined) throw new Error('a commit was given no place');
  const { sequence } = place;
  // Every candidate of an epoch stands at the same place, each in its own log.
  await tx
    .updateTable('epochs')
    .set({ commits: candidate + 1, ended_by: sequence })
    .where('log_id', '=', commit.logId)
    .where('epoch', '=', epoch)
    .execute();
  await beginEpoch(tx, { groupId, logId: log.log_id, epoch: epoch + 1, accessKey: nextAccessKey });
  const joining = { groupId, sequence, expiresOn: commit.welcomeExpiresOn };
  if (welcome !== null) await deliverWelcome(tx, joining, welcome);
  return { outcome: 'accepted', place };
}

/** A log for one more commit of an epoch that has ended: it parts from the base before the commit that ended it. */
async function beginBranch(tx: Db, base: Log, commit: NewCommit): Promise<Log> {
  const { epoch, candidate, groupId } = commit;
  const { ended_by: endedBy } = await selectEpoch(tx, commit);
  if (endedBy === null) throw new Error('a candidate for an epoch that has no first commit');
  const sequence = endedBy - 1;
  const log = {
    log_id: ownLogId(commit),
    epoch,
    sequence,
    branch: branchOf(base.branch, { sequence: endedBy, candidate }),
    head: await headAt(tx, base.log_id, sequence),
  };
  await tx
    .insertInto('logs')
    .values({ ...log, group_id: groupId, base_log_id: base.log_id, base_sequence: sequence, candidate })
    .execute();
  return log;
}

async function isKeyKnown(tx: Db, { groupId, nextAccessKey }: NewCommit): Promise<boolean> {
  const known = await tx
    .selectFrom('epochs')
    .select('epoch')
    .where('group_id', '=', groupId)
    .where('access_key', '=', Buffer.from(nextAccessKey))
    .executeTakeFirst();
  return known !== undefined;
}

/** No group's id: there the slash has no place. */
function ownLogId({ groupId, id }: NewCommit): string {
  return `${groupId}/${id}`;
}

function partsOf(welcome: WelcomeParts | null): Uint8Array[] {
  if (welcome === null) return [];
  return [
    welcome.shared,
    ...welcome.joiners.flatMap(({ deviceId, secrets }) => [Buffer.from(deviceId), secrets]),
  ];
}
