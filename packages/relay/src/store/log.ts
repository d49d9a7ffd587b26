import { FIRST_HEAD, type CommitEntry, type GroupEntry } from '@quicprochat/protocol';
import { sql } from 'kysely';
import type { Access } from './groups.ts';
import { base64Url, endOfPage, mostEntries, type PageRequest } from './pages.ts';
import { first, prepared } from './prepared.ts';
import type { Db } from './schema.ts';

/** Where a log stands after one of its entries. */
export interface Mark {
  branch: string;
  sequence: number;
  head: Buffer;
}

export interface LogPage {
  entries: GroupEntry[];
  cursor: number;
  more: boolean;
  ended: boolean;
  /** After its last entry; undefined where it has none. */
  after: Mark | undefined;
}

/** What a reader opens of a log, and what of that it asks for. */
export type LogRequest = PageRequest & { access: Pick<Access, 'logId' | 'base' | 'readableTo' | 'isEnded'> };

/** A page after the cursor, as far as the key opens the log. */
export async function readEntries(db: Db, request: LogRequest): Promise<LogPage> {
  const { cursor, access } = request;
  const stretch = { cursor, ...(await stretchAfter(db, request)) };
  const { rows: sizes } = await selectSizes(db, { ...stretch, most: mostEntries(request) });
  const end = endOfPage(sizes, request) ?? cursor;
  const { rows } = await selectStretch(db, { ...stretch, end });
  const last = rows.at(-1);
  return {
    entries: rows.map(entryOf),
    cursor: end,
    more: end < access.readableTo,
    ended: access.isEnded && end >= access.readableTo,
    after: last && { branch: last.branch, sequence: end, head: last.head },
  };
}

/** One of the commits that were brought for an ended epoch, by its number. */
export async function readCandidate(
  db: Db,
  access: Access,
  candidate: number,
): Promise<{ entry: CommitEntry; before: Mark; after: Mark } | undefined> {
  if (!access.isEnded) return undefined;
  const sequence = access.readableTo;
  const logId = await logOfCandidate(db, { logId: access.logId, sequence, candidate });
  if (logId === undefined) return undefined;
  const row = await selectEntries(db)
    .where('entries.log_id', '=', logId)
    .where('entries.sequence', '=', sequence)
    .executeTakeFirstOrThrow();
  const entry = entryOf(row);
  if (entry.kind !== 'commit') throw new Error('an epoch ends with an entry that is not a commit');
  const before = await markAt(db, access, sequence - 1);
  return { entry, before, after: { branch: row.branch, sequence, head: row.head } };
}

/** The log in which a candidate stands: the first one in the epoch's own, each other in one that it began. */
export async function logOfCandidate(
  db: Db,
  { logId, sequence, candidate }: { logId: string; sequence: number; candidate: number },
): Promise<string | undefined> {
  if (candidate === 0) return logId;
  const log = await db
    .selectFrom('logs')
    .select('log_id')
    .where('base_log_id', '=', logId)
    .where('base_sequence', '=', sequence - 1)
    .where('candidate', '=', candidate)
    .executeTakeFirst();
  return log?.log_id;
}

export async function headAt(db: Db, logId: string, sequence: number): Promise<Buffer> {
  if (sequence === 0) return Buffer.from(FIRST_HEAD);
  const entry = await first(selectHead(db, { logId, sequence }));
  if (entry === undefined) throw new Error('a log lacks an entry that can be read');
  return entry.head;
}

const selectHead = prepared((db, { logId, sequence }: { logId: string; sequence: number }) =>
  db.selectFrom('entries').select('head').where('log_id', '=', logId).where('sequence', '=', sequence),
);

/** Where a reader of this log stands at a sequence that it can read. */
export async function markAt(
  db: Db,
  access: Pick<Access, 'logId' | 'base' | 'readableTo'>,
  sequence: number,
): Promise<Mark> {
  const { logId } = await stretchAfter(db, { access, cursor: sequence - 1 });
  const log = await first(selectBranch(db, { logId }));
  if (log === undefined) throw new Error('the log of an access key is gone');
  return { branch: log.branch, sequence, head: await headAt(db, logId, sequence) };
}

const selectBranch = prepared((db, { logId }: { logId: string }) =>
  db.selectFrom('logs').select('branch').where('log_id', '=', logId),
);

/**
 * The log that has the entry after the cursor, and the last one that it shares with the reader's. Logs with a base are
 * rare, and each costs a step only to who reads from before it began.
 */
async function stretchAfter(
  db: Db,
  { access, cursor }: { access: Pick<Access, 'logId' | 'base' | 'readableTo'>; cursor: number },
): Promise<{ logId: string; end: number }> {
  let [logId, base, end] = [access.logId, access.base, access.readableTo];
  while (base !== undefined && cursor < base.sequence) {
    [logId, end] = [base.logId, base.sequence];
    const log = await db
      .selectFrom('logs')
      .select(['base_log_id', 'base_sequence'])
      .where('log_id', '=', logId)
      .executeTakeFirstOrThrow();
    base = log.base_log_id === null ? undefined : { logId: log.base_log_id, sequence: log.base_sequence };
  }
  return { logId, end };
}

/** Entries of one log: those after the cursor, up to the end. */
interface Stretch {
  logId: string;
  cursor: number;
  end: number;
}

const selectSizes = prepared((db, { logId, cursor, end, most }: Stretch & { most: number }) =>
  db
    .selectFrom('entries')
    .where('log_id', '=', logId)
    .where('sequence', '>', cursor)
    .where('sequence', '<=', end)
    .orderBy('sequence')
    .select(['sequence', sql<number>`length(payload)`.as('size')])
    .limit(most),
);

const selectStretch = prepared((db, { logId, cursor, end }: Stretch) =>
  selectEntries(db)
    .where('entries.log_id', '=', logId)
    .where('entries.sequence', '>', cursor)
    .where('entries.sequence', '<=', end)
    .orderBy('entries.sequence'),
);

function selectEntries(db: Db) {
  return (
    db
      .selectFrom('entries')
      .innerJoin('logs', 'logs.log_id', 'entries.log_id')
      // Of a commit: the epoch that it begins.
      .leftJoin('epochs', (join) =>
        join
          .onRef('epochs.log_id', '=', 'entries.log_id')
          .on('entries.kind', '=', 'commit')
          .on((eb) => eb('epochs.epoch', '=', eb('entries.epoch', '+', 1))),
      )
      .select([
        'entries.sequence',
        'entries.epoch',
        'entries.kind',
        'entries.entry_id',
        'entries.payload',
        'entries.head',
        'logs.branch',
        'logs.candidate',
        'logs.base_sequence',
        'epochs.access_key',
      ])
  );
}

type EntryRow = Awaited<ReturnType<ReturnType<typeof selectEntries>['execute']>>[number];

function entryOf(row: EntryRow): GroupEntry {
  const { sequence, epoch, entry_id: id } = row;
  const payload = base64Url(row.payload);
  if (row.kind === 'message') return { kind: 'message', sequence, epoch, id, payload };
  if (row.access_key === null) throw new Error('a commit begins an epoch without a key');
  // A log's own number is that of the commit which began it.
  const candidate = sequence === row.base_sequence + 1 ? row.candidate : 0;
  const nextAccessKey = base64Url(row.access_key);
  return { kind: 'commit', sequence, epoch, id, payload, candidate, nextAccessKey };
}
