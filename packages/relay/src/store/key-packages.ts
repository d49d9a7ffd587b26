import { LIMITS } from '@quicprochat/protocol';
import type { Db } from './sqlite.ts';

export async function countKeyPackages(db: Db, deviceId: string, suite: number) {
  const rows = await db
    .selectFrom('key_packages')
    .select(({ fn }) => ['last_resort', fn.countAll<number>().as('count')])
    .where('device_id', '=', deviceId)
    .where('suite', '=', suite)
    .groupBy('last_resort')
    .execute();
  const countOf = (lastResort: number) => rows.find((row) => row.last_resort === lastResort)?.count ?? 0;
  return { available: countOf(0), lastResort: countOf(1) > 0 };
}

/** Adds to a device's pool and replaces its last-resort package; undefined where the pool would be too large. */
export function publishKeyPackages(
  db: Db,
  {
    deviceId,
    suite,
    keyPackages,
    lastResort,
  }: {
    deviceId: string;
    suite: number;
    keyPackages: readonly Uint8Array[];
    lastResort: Uint8Array | undefined;
  },
): Promise<number | undefined> {
  return db.transaction().execute(async (tx) => {
    const { available } = await countKeyPackages(tx, deviceId, suite);
    const total = available + keyPackages.length;
    if (total > LIMITS.maxKeyPackagesPerDevice) return undefined;
    const row = (payload: Uint8Array, last: number) => ({
      device_id: deviceId,
      suite,
      last_resort: last,
      payload: Buffer.from(payload),
    });
    const rows = keyPackages.map((payload) => row(payload, 0));
    if (lastResort !== undefined) {
      await tx
        .deleteFrom('key_packages')
        .where('device_id', '=', deviceId)
        .where('suite', '=', suite)
        .where('last_resort', '=', 1)
        .execute();
      rows.push(row(lastResort, 1));
    }
    if (rows.length > 0) await tx.insertInto('key_packages').values(rows).execute();
    return total;
  });
}

export interface Claimed {
  handle: string;
  deviceId: string;
  keyPackage: Buffer;
  lastResort: boolean;
}

/** Why nothing was claimed: the handle that nobody has, or that has no key package left. */
export interface Unclaimed {
  reason: 'unknown' | 'exhausted';
  handle: string;
}

/** One for each device of each handle, all or none: a claimed single-use package is gone for everyone else. */
export async function claimKeyPackages(
  db: Db,
  { suite, handles }: { suite: number; handles: readonly string[] },
): Promise<Claimed[] | Unclaimed> {
  class Refused extends Error {
    readonly unclaimed: Unclaimed;
    constructor(unclaimed: Unclaimed) {
      super(unclaimed.reason);
      this.unclaimed = unclaimed;
    }
  }
  try {
    return await db.transaction().execute(async (tx) => {
      const claimed: Claimed[] = [];
      for (const handle of handles) {
        const devices = await tx
          .selectFrom('devices')
          .select('device_id')
          .where('handle', '=', handle)
          .execute();
        if (devices.length === 0) throw new Refused({ reason: 'unknown', handle });
        for (const { device_id: deviceId } of devices) {
          const taken = await takeOne(tx, deviceId, suite);
          if (taken === undefined) throw new Refused({ reason: 'exhausted', handle });
          claimed.push({ handle, deviceId, ...taken });
        }
      }
      return claimed;
    });
  } catch (error) {
    if (error instanceof Refused) return error.unclaimed;
    throw error;
  }
}

/** The oldest single-use package, which is deleted with it, or else the last-resort one, which stays (RFC 9420 §16.8). */
async function takeOne(db: Db, deviceId: string, suite: number) {
  const row = await db
    .selectFrom('key_packages')
    .select(['id', 'payload', 'last_resort'])
    .where('device_id', '=', deviceId)
    .where('suite', '=', suite)
    .orderBy('last_resort')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.last_resort === 0) await db.deleteFrom('key_packages').where('id', '=', row.id).execute();
  return { keyPackage: row.payload, lastResort: row.last_resort === 1 };
}
