import { createHash } from 'node:crypto';
import type { EntryContent } from '@quicprochat/protocol';
import type { Head } from './groups.ts';
import { headAfter } from './heads.ts';
import { logOfCandidate } from './log.ts';
import { first, prepared } from './prepared.ts';
import type { Db, Schema } from './schema.ts';
import type { Once } from './secrets.ts';

/** What commits and messages have in common on their way into a log. */

/** Where an entry was put, and the head of its log after it. */
export interface Stored {
  /** The log that it was written to. */
  logId: string;
  branch: string;
  sequence: number;
  head: Buffer;
}

/** Why a write was refused. It has stored nothing, except that its proof was used up. */
export type Refused =
  | { outcome: 'replayed' | 'reused-id' | 'reused-key' | 'unknown-joiner' | 'no-such-candidate' | 'gone' }
  /** The inbox of one of the joiners has no room; `handle` is that joiner's. */
  | { outcome: 'inbox-full'; handle: string }
  | { outcome: 'behind'; head: Head; winner: { id: string; sequence: number } };

/** A write by the holder of an epoch's key. */
export interface NewWrite {
  /** What its proof is used up by. */
  once: Once;
  groupId: string;
  /** The log of the epoch whose key was shown. */
  logId: string;
  epoch: number;
}

/** An entry on its way into a log. `digest` is over all that its writer sent for it, and tells a repeated write. */
export type NewEntry = EntryContent & { digest: Buffer };

export interface Log extends Head {
  log_id: string;
  branch: string;
  head: Buffer;
}

/** Locked first: of writes to one log at once, each sees all that those before it have stored. Undefined where the operator has removed the group. */
export function lockLog(tx: Db, logId: string): Promise<Log | undefined> {
  return first(selectLog(tx, { logId }));
}

const selectLog = prepared((tx, { logId }: { logId: string }) =>
  tx
    .selectFrom('logs')
    .select(['log_id', 'epoch', 'sequence', 'branch', 'head'])
    .where('log_id', '=', logId)
    .forUpdate(),
);

/** Puts entries at the end of a log, in their order, and returns where each one stands. */
export async function append(tx: Db, log: Log, entries: readonly NewEntry[]): Promise<Stored[]> {
  const places = placesAfter(log, entries);
  const last = places.at(-1);
  if (last === undefined) return [];
  const commits = entries.filter(({ kind }) => kind === 'commit').length;
  // The one place where order is made: conditional on the head still being where it was read.
  const moved = await moveHead(tx, {
    ...{ logId: log.log_id, epoch: log.epoch, sequence: log.sequence },
    ...{ nextEpoch: log.epoch + commits, nextSequence: last.sequence, nextHead: last.head },
  });
  if (moved.numAffectedRows !== 1n) throw new Error('the head of a log moved inside a transaction');
  const rows = entries.map(({ epoch, kind, id, payload, digest }, i) => {
    const { sequence, head } = places[i] ?? last;
    const bytes = Buffer.from(payload.buffer, payload.byteOffset, payload.length);
    return { log_id: log.log_id, sequence, epoch, kind, entry_id: id, payload: bytes, digest, head };
  });
  const [only] = rows;
  if (only !== undefined && rows.length === 1) await insertEntry(tx, only);
  else await tx.insertInto('entries').values(rows).execute();
  return places;
}

interface Move {
  logId: string;
  epoch: number;
  sequence: number;
  nextEpoch: number;
  nextSequence: number;
  nextHead: Buffer;
}

const moveHead = prepared((tx, { logId, epoch, sequence, nextEpoch, nextSequence, nextHead }: Move) =>
  tx
    .updateTable('logs')
    .set({ epoch: nextEpoch, sequence: nextSequence, head: nextHead })
    .where('log_id', '=', logId)
    .where('epoch', '=', epoch)
    .where('sequence', '=', sequence),
);

const insertEntry = prepared((tx, row: Schema['entries']) =>
  tx.insertInto('entries').values({
    log_id: row.log_id,
    sequence: row.sequence,
    epoch: row.epoch,
    kind: row.kind,
    entry_id: row.entry_id,
    payload: row.payload,
    digest: row.digest,
    head: row.head,
  }),
);

function placesAfter(log: Log, entries: readonly NewEntry[]): Stored[] {
  const { log_id: logId, branch } = log;
  let { sequence, head } = log;
  return entries.map((entry) => {
    sequence += 1;
    head = headAfter(head, sequence, entry);
    return { logId, branch, sequence, head };
  });
}

export function selectEpoch(tx: Db, { logId, epoch }: Pick<NewWrite, 'logId' | 'epoch'>) {
  return tx
    .selectFrom('epochs')
    .select(['commits', 'ended_by'])
    .where('log_id', '=', logId)
    .where('epoch', '=', epoch)
    .executeTakeFirstOrThrow();
}

/** The answer to a write for an epoch that has ended: where the log stands, and the last commit for that epoch. */
export async function behind(tx: Db, log: Log, write: Pick<NewWrite, 'logId' | 'epoch'>): Promise<Refused> {
  const head = { epoch: log.epoch, sequence: log.sequence };
  const { commits, ended_by: sequence } = await selectEpoch(tx, write);
  if (sequence === null) throw new Error('an epoch is over although no commit ended it');
  const logId = await logOfCandidate(tx, { logId: write.logId, sequence, candidate: commits - 1 });
  const last = await tx
    .selectFrom('entries')
    .select('entry_id')
    .where('log_id', '=', logId ?? '')
    .where('sequence', '=', sequence)
    .executeTakeFirstOrThrow();
  return { outcome: 'behind', head, winner: { id: last.entry_id, sequence } };
}

/** Each part goes in with its length, so that two different lists have two digests. */
export function digestOf(parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(Buffer.from(`${part.length}:`)).update(part);
  return hash.digest();
}
