import { append, behind, digestOf, type Log, type NewEntry, type Refused, type Stored } from './append.ts';
import { accessOf, selectAccess, type Access } from './groups.ts';
import { first, prepared } from './prepared.ts';
import type { Db } from './schema.ts';
import { useNonces, type Once } from './secrets.ts';
import { transaction } from './transaction.ts';

/** At least one message for one epoch, each with an id of its own. */
export interface NewMessages {
  groupId: string;
  /** The key that signed. */
  accessKey: Uint8Array;
  /** Throws unless that key may write, and otherwise says what its proof is used up by. */
  admit: (access: Access | undefined) => Once;
  epoch: number;
  entries: readonly { id: string; message: Uint8Array }[];
}

/** `place` is that of the last entry. */
export type WrittenMessages = { outcome: 'accepted'; sequences: number[]; place: Stored } | Refused;

/**
 * Adds messages to the log of their epoch, if that epoch goes on: all that are new, or none. Entries that are stored
 * already must come first, in the log's order; otherwise the batch would not stand in the log as its sender wrote it.
 */
export function appendMessages(db: Db, messages: NewMessages): Promise<WrittenMessages> {
  const { epoch } = messages;
  const entries = messages.entries.map(({ id, message: payload }): NewEntry => {
    return { kind: 'message', epoch, id, payload, digest: digestOf([payload]) };
  });
  return transaction(db, async (tx): Promise<WrittenMessages> => {
    const found = await lockLogOfKey(tx, messages);
    const once = messages.admit(found?.access);
    if (found === undefined) throw new Error('a key without a log was admitted');
    if (!(await useNonces(tx, once))) return { outcome: 'replayed' };
    const { log } = found;
    const stored = await findStored(tx, log.log_id, entries);
    if (stored === undefined) return { outcome: 'reused-id' };
    const fresh = entries.slice(stored.length);
    if (fresh.length > 0 && epoch < log.epoch) return behind(tx, log, { logId: log.log_id, epoch });
    const added = await append(tx, log, fresh);
    const places = [
      ...stored.map((entry) => ({ ...entry, logId: log.log_id, branch: log.branch })),
      ...added,
    ];
    const place = places.at(-1);
    if (place === undefined) throw new Error('a batch without entries');
    return { outcome: 'accepted', sequences: places.map(({ sequence }) => sequence), place };
  });
}

/**
 * The log that a key belongs to, locked, and what the key stands for there. A commit that ends the epoch may have been
 * waited for: then what was read of the log is newer than what was read of the epoch.
 */
async function lockLogOfKey(
  tx: Db,
  { groupId, accessKey }: NewMessages,
): Promise<{ log: Log; access: Access } | undefined> {
  const row = await first(selectLogOfKey(tx, { groupId, accessKey: Buffer.from(accessKey) }));
  if (row === undefined) return undefined;
  const { log_id, head_epoch: epoch, sequence, branch, head } = row;
  const access = { ...accessOf(row), isEnded: epoch > row.epoch };
  return { log: { log_id, epoch, sequence, branch, head }, access };
}

const selectLogOfKey = prepared((tx, { groupId, accessKey }: { groupId: string; accessKey: Buffer }) =>
  selectAccess(tx)
    .select(['logs.branch', 'logs.head'])
    .where('epochs.group_id', '=', groupId)
    .where('epochs.access_key', '=', accessKey)
    .orderBy('epochs.epoch', 'desc')
    .limit(1)
    .forUpdate('logs'),
);

/** Where the first of these entries stand already; undefined if what is stored under their ids is anything else. */
async function findStored(
  tx: Db,
  logId: string,
  entries: readonly NewEntry[],
): Promise<{ sequence: number; head: Buffer }[] | undefined> {
  const stored = await selectStored(tx, logId, entries);
  const isRepeated = stored.every(({ entry_id: id, epoch, digest }, i) => {
    const entry = entries[i];
    return entry?.id === id && entry.epoch === epoch && entry.digest.equals(digest);
  });
  return isRepeated ? stored : undefined;
}

async function selectStored(tx: Db, logId: string, entries: readonly NewEntry[]) {
  const [only] = entries;
  if (only !== undefined && entries.length === 1)
    return (await selectOneStored(tx, { logId, id: only.id })).rows;
  const ids = entries.map(({ id }) => id);
  return storedIn(tx, logId).where('entry_id', 'in', ids).orderBy('sequence').execute();
}

const selectOneStored = prepared((tx, { logId, id }: { logId: string; id: string }) =>
  storedIn(tx, logId).where('entry_id', '=', id),
);

function storedIn(tx: Db, logId: string) {
  return tx
    .selectFrom('entries')
    .select(['entry_id', 'epoch', 'digest', 'sequence', 'head'])
    .where('log_id', '=', logId);
}
