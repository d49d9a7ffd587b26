import { createHash } from 'node:crypto';
import type { GroupEntry, GroupPage, WelcomeParts } from '@quicprochat/protocol';
import { sql } from 'kysely';
import { base64Url, endOfPage, mostEntries, type PageRequest } from './pages.ts';
import type { Db } from './schema.ts';
import { transaction } from './transaction.ts';

export type Head = { epoch: number; sequence: number };

/** What became of a write. Everything but `accepted` has stored nothing. */
export type Written =
  | { outcome: 'accepted'; sequence: number }
  | { outcome: 'reused-id' }
  | { outcome: 'behind'; head: Head; winner: { id: string; sequence: number } | undefined }
  | { outcome: 'ahead'; head: Head }
  | { outcome: 'unknown-joiner' };

export interface NewEntry {
  groupId: string;
  epoch: number;
  id: string;
  payload: Uint8Array;
}

export interface NewCommit extends NewEntry {
  nextAccessKey: Uint8Array;
  welcome: WelcomeParts | null;
  /** The day on which the Welcome goes, see `expiryDay`. */
  welcomeExpiresOn: number;
}

/** Makes a group at epoch 0; false where the id is taken under another key. */
export function createGroup(db: Db, groupId: string, accessKey: Uint8Array): Promise<boolean> {
  return transaction(db, async (tx) => {
    const first = await findEpoch(tx, groupId, 0);
    if (first !== undefined) return first.access_key.equals(accessKey);
    await tx.insertInto('groups').values({ group_id: groupId, epoch: 0, sequence: 0 }).execute();
    await beginEpoch(tx, groupId, 0, accessKey);
    return true;
  });
}

/** How much of a log the key of one epoch opens. */
export interface Readable {
  /** The last entry that it opens: the commit that ended the epoch, or the newest. */
  readableTo: number;
  isEnded: boolean;
}

/**
 * The key of an epoch and what it opens. Taken in one query: were the end of the epoch and the end of the log looked up
 * one after the other, a commit in between would open to an old key what was posted after it.
 */
export async function findAccess(
  db: Db,
  groupId: string,
  epoch: number,
): Promise<(Readable & { accessKey: Buffer }) | undefined> {
  const row = await db
    .selectFrom('epochs')
    .innerJoin('groups', 'groups.group_id', 'epochs.group_id')
    .select(['epochs.access_key', 'epochs.ended_by', 'groups.sequence'])
    .where('epochs.group_id', '=', groupId)
    .where('epochs.epoch', '=', epoch)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  const { access_key: accessKey, ended_by: endedBy, sequence } = row;
  return { accessKey, readableTo: endedBy ?? sequence, isEnded: endedBy !== null };
}

export function findEpoch(db: Db, groupId: string, epoch: number) {
  return db
    .selectFrom('epochs')
    .selectAll()
    .where('group_id', '=', groupId)
    .where('epoch', '=', epoch)
    .executeTakeFirst();
}

export function findHead(db: Db, groupId: string): Promise<Head | undefined> {
  return selectHead(db, groupId).executeTakeFirst();
}

function selectHead(db: Db, groupId: string) {
  return db.selectFrom('groups').select(['epoch', 'sequence']).where('group_id', '=', groupId);
}

/** Adds a message to the log of its epoch, if that epoch goes on. */
export function appendMessage(db: Db, entry: NewEntry): Promise<Written> {
  return write(db, { ...entry, kind: 'message' }, digestOf([entry.payload]), (head) => head.epoch);
}

/** Ends an epoch: the commit, the next epoch's key and the Welcome are stored together, or none of them is. */
export function appendCommit(db: Db, commit: NewCommit): Promise<Written> {
  const digest = digestOf([commit.payload, commit.nextAccessKey, ...partsOf(commit.welcome)]);
  return write(
    db,
    { ...commit, kind: 'commit' },
    digest,
    (head) => head.epoch + 1,
    async (tx, sequence) => {
      await tx
        .updateTable('epochs')
        .set({ ended_by: sequence })
        .where('group_id', '=', commit.groupId)
        .where('epoch', '=', commit.epoch)
        .execute();
      await beginEpoch(tx, commit.groupId, commit.epoch + 1, commit.nextAccessKey);
      if (commit.welcome !== null) await deliver(tx, { ...commit, sequence }, commit.welcome);
    },
  );
}

class UnknownJoiner extends Error {}

async function write(
  db: Db,
  entry: NewEntry & { kind: 'commit' | 'message' },
  digest: Buffer,
  epochAfter: (head: Head) => number,
  also: (tx: Db, sequence: number) => Promise<void> = async () => undefined,
): Promise<Written> {
  try {
    return await transaction(db, async (tx): Promise<Written> => {
      // Locked first: of writes to one group at once, each sees all that those before it have stored.
      const head = await selectHead(tx, entry.groupId).forUpdate().executeTakeFirst();
      if (head === undefined) throw new Error('a write to a group that was proven to exist');
      const repeated = await tx
        .selectFrom('entries')
        .select(['sequence', 'digest'])
        .where('group_id', '=', entry.groupId)
        .where('entry_id', '=', entry.id)
        .executeTakeFirst();
      if (repeated !== undefined) {
        return repeated.digest.equals(digest)
          ? { outcome: 'accepted', sequence: repeated.sequence }
          : { outcome: 'reused-id' };
      }
      if (entry.epoch < head.epoch) return { outcome: 'behind', head, winner: await winnerOf(tx, entry) };
      if (entry.epoch > head.epoch) return { outcome: 'ahead', head };
      const sequence = head.sequence + 1;
      // The one place where order is made: conditional on the head still being where it was read.
      const moved = await tx
        .updateTable('groups')
        .set({ epoch: epochAfter(head), sequence })
        .where('group_id', '=', entry.groupId)
        .where('epoch', '=', head.epoch)
        .where('sequence', '=', head.sequence)
        .executeTakeFirst();
      if (moved.numUpdatedRows !== 1n) throw new Error('the head of a group moved inside a transaction');
      await tx
        .insertInto('entries')
        .values({
          group_id: entry.groupId,
          sequence,
          epoch: entry.epoch,
          kind: entry.kind,
          entry_id: entry.id,
          payload: Buffer.from(entry.payload),
          digest,
        })
        .execute();
      await also(tx, sequence);
      return { outcome: 'accepted', sequence };
    });
  } catch (error) {
    if (error instanceof UnknownJoiner) return { outcome: 'unknown-joiner' };
    throw error;
  }
}

async function winnerOf(db: Db, { groupId, epoch }: NewEntry) {
  const winner = await db
    .selectFrom('entries')
    .select(['entry_id', 'sequence'])
    .where('group_id', '=', groupId)
    .where('epoch', '=', epoch)
    .where('kind', '=', 'commit')
    .executeTakeFirst();
  return winner && { id: winner.entry_id, sequence: winner.sequence };
}

async function beginEpoch(db: Db, groupId: string, epoch: number, accessKey: Uint8Array): Promise<void> {
  await db
    .insertInto('epochs')
    .values({ group_id: groupId, epoch, access_key: Buffer.from(accessKey), ended_by: null })
    .execute();
}

/** Puts a Welcome into its joiners' inboxes: the shared part once, and into each inbox that joiner's own part. */
async function deliver(
  db: Db,
  { groupId, sequence: groupSequence, welcomeExpiresOn }: NewCommit & { sequence: number },
  { shared, joiners }: WelcomeParts,
): Promise<void> {
  const { welcome_id } = await db
    .insertInto('welcomes')
    .values({
      group_id: groupId,
      group_sequence: groupSequence,
      shared: Buffer.from(shared),
      expires_on: welcomeExpiresOn,
    })
    .returning('welcome_id')
    .executeTakeFirstOrThrow();
  // In one order for all, so that two Welcomes for the same devices do not wait for each other in a circle.
  const ordered = [...joiners].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  for (const { deviceId, secrets } of ordered) {
    const known = await db
      .selectFrom('devices')
      .select('device_id')
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    if (known === undefined) throw new UnknownJoiner();
    const { sequence } = await db
      .insertInto('inbox_heads')
      .values({ device_id: deviceId, sequence: 1 })
      .onConflict((conflict) =>
        conflict.column('device_id').doUpdateSet((eb) => ({ sequence: eb('inbox_heads.sequence', '+', 1) })),
      )
      .returning('sequence')
      .executeTakeFirstOrThrow();
    await db
      .insertInto('inbox')
      .values({ device_id: deviceId, sequence, welcome_id, secrets: Buffer.from(secrets) })
      .execute();
  }
}

/** A page after the cursor, as far as the key opens the log. */
export async function readEntries(
  db: Db,
  request: PageRequest & { groupId: string; access: Readable },
): Promise<GroupPage> {
  const { groupId, cursor, access } = request;
  const after = db
    .selectFrom('entries')
    .where('group_id', '=', groupId)
    .where('sequence', '>', cursor)
    .orderBy('sequence');
  const sizes = await after
    .where('sequence', '<=', access.readableTo)
    .select(['sequence', sql<number>`length(payload)`.as('size')])
    .limit(mostEntries(request))
    .execute();
  const end = endOfPage(sizes, request) ?? cursor;
  const rows = await after
    .where('sequence', '<=', end)
    .select(['sequence', 'epoch', 'kind', 'entry_id as id', 'payload'])
    .execute();
  return {
    entries: rows.map(({ payload, ...entry }): GroupEntry => ({ ...entry, payload: base64Url(payload) })),
    cursor: end,
    more: end < access.readableTo,
    ended: access.isEnded && end >= access.readableTo,
  };
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
