import { sql } from 'kysely';
import type { Db } from './schema.ts';

/** How much a store holds: counts, and nothing of what or whose. */
export interface Stats {
  accounts: number;
  devices: number;
  keyPackages: number;
  groups: number;
  entries: number;
  entryBytes: number;
  welcomes: number;
  blobs: number;
  blobBytes: number;
}

export async function statsOf(db: Db): Promise<Stats> {
  const count = async (table: 'accounts' | 'devices' | 'key_packages' | 'welcomes') => {
    const { rows } = await db
      .selectFrom(table)
      .select(({ fn }) => fn.countAll<number | string>().as('rows'))
      .executeTakeFirstOrThrow();
    return Number(rows);
  };
  const entries = await db
    .selectFrom('entries')
    .select(({ fn }) => [
      fn.countAll<number | string>().as('rows'),
      sql<number | string | null>`sum(length(payload))`.as('bytes'),
    ])
    .executeTakeFirstOrThrow();
  const groups = await db
    .selectFrom('logs')
    .where('base_log_id', 'is', null)
    .select(({ fn }) => fn.countAll<number | string>().as('rows'))
    .executeTakeFirstOrThrow();
  const blobs = await db
    .selectFrom('blobs')
    .select(({ fn }) => [
      fn.countAll<number | string>().as('rows'),
      fn.sum<number | string | null>('stored').as('bytes'),
    ])
    .where('state', '!=', 'removed')
    .executeTakeFirstOrThrow();
  return {
    accounts: await count('accounts'),
    devices: await count('devices'),
    keyPackages: await count('key_packages'),
    groups: Number(groups.rows),
    entries: Number(entries.rows),
    entryBytes: Number(entries.bytes ?? 0),
    welcomes: await count('welcomes'),
    blobs: Number(blobs.rows),
    blobBytes: Number(blobs.bytes ?? 0),
  };
}

/** What in a store breaks the relay's own rules, a sentence each; none where it is whole. */
export async function problemsOf(db: Db): Promise<string[]> {
  const logs = await db
    .selectFrom('logs')
    .leftJoin('entries', 'entries.log_id', 'logs.log_id')
    .select(({ fn }) => [
      'logs.log_id',
      'logs.sequence',
      'logs.base_sequence',
      fn.count<number | string>('entries.sequence').as('entries'),
      fn.max('entries.sequence').as('last'),
    ])
    .groupBy(['logs.log_id', 'logs.sequence', 'logs.base_sequence'])
    .execute();
  const gaps = logs.filter(({ sequence, base_sequence: base, entries, last }) => {
    return Number(entries) !== sequence - base || (last ?? 0) !== sequence;
  });
  const locked = await db
    .selectFrom('logs')
    .leftJoin('epochs', (join) =>
      join.onRef('epochs.log_id', '=', 'logs.log_id').onRef('epochs.epoch', '=', 'logs.epoch'),
    )
    .select('logs.log_id')
    .where((eb) => eb.or([eb('epochs.access_key', 'is', null), eb('epochs.ended_by', 'is not', null)]))
    .execute();
  const lost = await db
    .selectFrom('inbox')
    .leftJoin('welcomes', 'welcomes.welcome_id', 'inbox.welcome_id')
    .select('inbox.device_id')
    .where('welcomes.welcome_id', 'is', null)
    .execute();
  const stored = await db
    .selectFrom('blobs')
    .leftJoin('blob_parts', 'blob_parts.blob_id', 'blobs.blob_id')
    .select(({ fn }) => [
      'blobs.blob_id',
      'blobs.stored',
      fn.sum<number | string | null>('blob_parts.size').as('inParts'),
    ])
    .where('blobs.state', '!=', 'removed')
    .groupBy(['blobs.blob_id', 'blobs.stored'])
    .execute();
  const holed = stored.filter((blob) => Number(blob.inParts ?? 0) !== blob.stored);
  return [
    ...told(gaps.length, 'logs have gaps, or do not end at their head'),
    ...told(locked.length, 'logs lack a key for their current epoch'),
    ...told(lost.length, 'invitations lack their shared part'),
    ...told(holed.length, 'attachments have parts that do not add up to their stored size'),
  ];
}

/** What SQLite itself finds wrong in its file. */
export async function sqliteProblems(db: Db): Promise<string[]> {
  const integrity = await sql<{ integrity_check: string }>`PRAGMA integrity_check(1)`.execute(db);
  const foreign = await sql`PRAGMA foreign_key_check`.execute(db);
  const whole = integrity.rows[0]?.integrity_check === 'ok';
  return [
    ...(whole ? [] : ['the database file is damaged; restore a backup']),
    ...told(foreign.rows.length, 'rows refer to missing rows'),
  ];
}

function told(count: number, what: string): string[] {
  return count === 0 ? [] : [`${count} ${what}`];
}
