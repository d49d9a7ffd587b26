import { createHash } from 'node:crypto';
import { branchOf, type EntryContent, type WelcomeParts } from '@quicprochat/protocol';
import { beginEpoch, type Head } from './groups.ts';
import { headAfter } from './heads.ts';
import { headAt, logOfCandidate } from './log.ts';
import type { Db } from './schema.ts';
import { useNonces, type Once } from './secrets.ts';
import { transaction } from './transaction.ts';
import { areKnown, deliverWelcome } from './welcomes.ts';

/** Where an entry was put, and the head of its log after it. */
export interface Stored {
  /** The log that it was written to. */
  logId: string;
  branch: string;
  sequence: number;
  head: Buffer;
}

/** What became of a write. Everything but `accepted` has stored nothing, but that the proof was used up. */
export type Written =
  | { outcome: 'accepted'; place: Stored }
  | { outcome: 'replayed' | 'reused-id' | 'reused-key' | 'unknown-joiner' | 'no-such-candidate' }
  | { outcome: 'behind'; head: Head; winner: { id: string; sequence: number } };

export interface NewMessage {
  /** What its proof is used up by. */
  once: Once;
  groupId: string;
  /** The log of the epoch whose key was shown. */
  logId: string;
  epoch: number;
  id: string;
  payload: Uint8Array;
}

export interface NewCommit extends NewMessage {
  /** How many commits for this epoch its sender has found void. */
  candidate: number;
  nextAccessKey: Uint8Array;
  welcome: WelcomeParts | null;
  /** The day on which the Welcome goes, see `expiryDay`. */
  welcomeExpiresOn: number;
}

/** Adds a message to the log of its epoch, if that epoch goes on. */
export function appendMessage(db: Db, message: NewMessage): Promise<Written> {
  const digest = digestOf([message.payload]);
  return transaction(db, async (tx): Promise<Written> => {
    if (!(await useNonces(tx, message.once))) return { outcome: 'replayed' };
    const log = await lockLog(tx, message.logId);
    const before = await findRepeated(tx, message, [message.logId], digest);
    if (before !== undefined) return before;
    if (message.epoch < log.epoch) return behind(tx, log, message);
    const { epoch, id, payload } = message;
    return append(tx, log, { kind: 'message', epoch, id, payload }, digest);
  });
}

/**
 * Ends an epoch: the commit, the next epoch's key and the Welcome are stored together, or none of them is. The first
 * commit of an epoch goes on with its log; another one, whose sender has found all before it void, begins a log of its own.
 */
export function appendCommit(db: Db, commit: NewCommit): Promise<Written> {
  const { candidate, nextAccessKey, welcome } = commit;
  const digest = digestOf([commit.payload, nextAccessKey, Buffer.from(`${candidate}`), ...partsOf(welcome)]);
  return transaction(db, async (tx): Promise<Written> => {
    if (!(await useNonces(tx, commit.once))) return { outcome: 'replayed' };
    // The group's first log before any other: no key comes into two of them at once.
    if (commit.logId !== commit.groupId) await lockLog(tx, commit.groupId);
    const log = await lockLog(tx, commit.logId);
    const before = await findRepeated(tx, commit, [commit.logId, ownLogId(commit)], digest);
    if (before !== undefined) return before;
    const { commits } = await selectEpoch(tx, commit);
    if (candidate < commits) return behind(tx, log, commit);
    if (candidate > commits) return { outcome: 'no-such-candidate' };
    if (await isKeyKnown(tx, commit)) return { outcome: 'reused-key' };
    if (welcome !== null && !(await areKnown(tx, welcome.joiners))) return { outcome: 'unknown-joiner' };
    const target = candidate === 0 ? log : await beginBranch(tx, log, commit);
    return endEpoch(tx, target, commit, digest);
  });
}

interface Log extends Head {
  log_id: string;
  branch: string;
  head: Buffer;
}

/** Locked first: of writes to one log at once, each sees all that those before it have stored. */
async function lockLog(tx: Db, logId: string): Promise<Log> {
  const log = await tx
    .selectFrom('logs')
    .select(['log_id', 'epoch', 'sequence', 'branch', 'head'])
    .where('log_id', '=', logId)
    .forUpdate()
    .executeTakeFirst();
  if (log === undefined) throw new Error('the log that was proven to exist is gone');
  return log;
}

/** The answer to a write whose id is there already. */
async function findRepeated(
  tx: Db,
  { id }: NewMessage,
  logIds: readonly string[],
  digest: Buffer,
): Promise<Written | undefined> {
  const repeated = await tx
    .selectFrom('entries')
    .innerJoin('logs', 'logs.log_id', 'entries.log_id')
    .select(['entries.log_id', 'logs.branch', 'entries.sequence', 'entries.head', 'entries.digest'])
    .where('entries.log_id', 'in', [...logIds])
    .where('entries.entry_id', '=', id)
    .executeTakeFirst();
  if (repeated === undefined) return undefined;
  if (!repeated.digest.equals(digest)) return { outcome: 'reused-id' };
  const { log_id: logId, branch, sequence, head } = repeated;
  return { outcome: 'accepted', place: { logId, branch, sequence, head } };
}

async function endEpoch(tx: Db, log: Log, commit: NewCommit, digest: Buffer): Promise<Written> {
  const { groupId, epoch, id, payload, candidate, nextAccessKey, welcome } = commit;
  const entry = { kind: 'commit', epoch, id, payload, candidate, nextAccessKey } as const;
  const written = await append(tx, log, entry, digest);
  const { sequence } = written.place;
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
  return written;
}

async function append(
  tx: Db,
  log: Log,
  entry: EntryContent,
  digest: Buffer,
): Promise<Extract<Written, { outcome: 'accepted' }>> {
  const sequence = log.sequence + 1;
  const head = headAfter(log.head, sequence, entry);
  // The one place where order is made: conditional on the head still being where it was read.
  const moved = await tx
    .updateTable('logs')
    .set({ epoch: entry.kind === 'commit' ? log.epoch + 1 : log.epoch, sequence, head })
    .where('log_id', '=', log.log_id)
    .where('epoch', '=', log.epoch)
    .where('sequence', '=', log.sequence)
    .executeTakeFirst();
  if (moved.numUpdatedRows !== 1n) throw new Error('the head of a log moved inside a transaction');
  await tx
    .insertInto('entries')
    .values({
      log_id: log.log_id,
      sequence,
      epoch: entry.epoch,
      kind: entry.kind,
      entry_id: entry.id,
      payload: Buffer.from(entry.payload),
      digest,
      head,
    })
    .execute();
  return { outcome: 'accepted', place: { logId: log.log_id, branch: log.branch, sequence, head } };
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

function selectEpoch(tx: Db, { logId, epoch }: NewMessage) {
  return tx
    .selectFrom('epochs')
    .select(['commits', 'ended_by'])
    .where('log_id', '=', logId)
    .where('epoch', '=', epoch)
    .executeTakeFirstOrThrow();
}

/** The answer to a write for an epoch that has ended: where the log stands, and the last commit for that epoch. */
async function behind(tx: Db, log: Log, entry: NewMessage): Promise<Written> {
  const head = { epoch: log.epoch, sequence: log.sequence };
  const { commits, ended_by: sequence } = await selectEpoch(tx, entry);
  if (sequence === null) throw new Error('an epoch is over although no commit ended it');
  const logId = await logOfCandidate(tx, { logId: entry.logId, sequence, candidate: commits - 1 });
  const last = await tx
    .selectFrom('entries')
    .select('entry_id')
    .where('log_id', '=', logId ?? '')
    .where('sequence', '=', sequence)
    .executeTakeFirstOrThrow();
  return { outcome: 'behind', head, winner: { id: last.entry_id, sequence } };
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
function ownLogId({ groupId, id }: NewMessage): string {
  return `${groupId}/${id}`;
}

function partsOf(welcome: WelcomeParts | null): Uint8Array[] {
  if (welcome === null) return [];
  return [
    welcome.shared,
    ...welcome.joiners.flatMap(({ deviceId, secrets }) => [Buffer.from(deviceId), secrets]),
  ];
}

/** Each part goes in with its length, so that two different lists have two digests. */
function digestOf(parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(Buffer.from(`${part.length}:`)).update(part);
  return hash.digest();
}
