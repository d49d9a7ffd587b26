import { LIMITS } from '@quicprochat/protocol';
import { hashOf } from './secrets.ts';
import type { Db } from './schema.ts';
import { transaction } from './transaction.ts';

/** The size of a device's pool, and whether it has a last resort. */
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

export interface Upload {
  deviceId: string;
  suite: number;
  keyPackages: readonly Uint8Array[];
  lastResort: Uint8Array | undefined;
  /** Whether the pool is emptied first. */
  replace: boolean;
  /** The day on which these go, see `expiryDay`. */
  expiresOn: number;
}

/**
 * Adds to a device's pool what neither is in it nor was ever claimed from it, or puts it in the pool's place, and replaces
 * the last-resort package.
 *
 * @returns the size of the pool, or undefined where it would be too large: then nothing is stored
 */
export function publishKeyPackages(db: Db, upload: Upload): Promise<number | undefined> {
  const { deviceId, suite, lastResort, expiresOn } = upload;
  return transaction(db, async (tx) => {
    await lockPools(tx, 'device_id', [deviceId]);
    if (upload.replace) await deleteFrom(tx, upload, 0);
    const { available } = await countKeyPackages(tx, deviceId, suite);
    const fresh = await freshOnes(tx, upload);
    const total = available + fresh.length;
    if (total > LIMITS.maxKeyPackagesPerDevice) return undefined;
    if (fresh.length > 0) await tx.insertInto('key_packages').values(fresh).execute();
    if (lastResort !== undefined) {
      await deleteFrom(tx, upload, 1);
      const row = {
        device_id: deviceId,
        suite,
        last_resort: 1,
        payload: Buffer.from(lastResort),
        hash: null,
        expires_on: expiresOn,
      };
      await tx.insertInto('key_packages').values(row).execute();
    }
    return total;
  });
}

async function deleteFrom(tx: Db, { deviceId, suite }: Upload, lastResort: 0 | 1) {
  await tx
    .deleteFrom('key_packages')
    .where('device_id', '=', deviceId)
    .where('suite', '=', suite)
    .where('last_resort', '=', lastResort)
    .execute();
}

async function freshOnes(tx: Db, { deviceId, suite, keyPackages, expiresOn }: Upload) {
  const rows = new Map(
    keyPackages.map((bytes) => {
      const hash = hashOf(bytes);
      const row = {
        device_id: deviceId,
        suite,
        last_resort: 0,
        payload: Buffer.from(bytes),
        hash,
        expires_on: expiresOn,
      };
      return [hash.toString('hex'), row];
    }),
  );
  const hashes = [...rows.values()].map(({ hash }) => hash);
  if (hashes.length === 0) return [];
  const pooled = tx
    .selectFrom('key_packages')
    .select('hash')
    .where('device_id', '=', deviceId)
    .where('suite', '=', suite)
    .where('hash', 'in', hashes);
  const spent = tx.selectFrom('spent_key_packages').select('hash').where('hash', 'in', hashes);
  for (const { hash } of [...(await pooled.execute()), ...(await spent.execute())])
    if (hash !== null) rows.delete(hash.toString('hex'));
  return [...rows.values()];
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

/**
 * One for each device of each handle, all or none: a claimed single-use package is gone for everyone else. Of those who are
 * `spared` it is the last-resort one.
 */
export async function claimKeyPackages(
  db: Db,
  {
    suite,
    handles,
    spared = new Set(),
  }: { suite: number; handles: readonly string[]; spared?: ReadonlySet<string> },
): Promise<Claimed[] | Unclaimed> {
  class Refused extends Error {
    readonly unclaimed: Unclaimed;
    constructor(unclaimed: Unclaimed) {
      super(unclaimed.reason);
      this.unclaimed = unclaimed;
    }
  }
  try {
    return await transaction(db, async (tx) => {
      const claimed: Claimed[] = [];
      const all = await lockPools(tx, 'handle', handles);
      for (const handle of new Set(handles)) {
        const devices = all.filter((device) => device.handle === handle);
        if (devices.length === 0) throw new Refused({ reason: 'unknown', handle });
        for (const { device_id: deviceId } of devices) {
          const taken = await takeOne(tx, { deviceId, suite, spared: spared.has(handle) });
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

/**
 * Devices by id or handle, each locked: one upload or claim at a time decides what is in a pool. All locks are taken at
 * once and in one order, so that two claims do not wait for each other in a circle.
 */
function lockPools(tx: Db, by: 'device_id' | 'handle', values: readonly string[]) {
  return tx
    .selectFrom('devices')
    .select(['device_id', 'handle'])
    .where(by, 'in', values)
    .orderBy('device_id')
    .forUpdate()
    .execute();
}

/** The oldest single-use package, which is deleted with it, or else the last-resort one, which stays (RFC 9420 §16.8). */
async function takeOne(
  db: Db,
  { deviceId, suite, spared }: { deviceId: string; suite: number; spared: boolean },
) {
  const row = await db
    .selectFrom('key_packages')
    .select(['id', 'payload', 'last_resort', 'hash', 'expires_on'])
    .where('device_id', '=', deviceId)
    .where('suite', '=', suite)
    .where('last_resort', '>=', spared ? 1 : 0)
    .orderBy('last_resort')
    .orderBy('id')
    .limit(1)
    .executeTakeFirst();
  if (row === undefined) return undefined;
  if (row.last_resort === 0) {
    await db.deleteFrom('key_packages').where('id', '=', row.id).execute();
    if (row.hash !== null)
      await db
        .insertInto('spent_key_packages')
        .values({ hash: row.hash, expires_on: row.expires_on })
        .onConflict((conflict) => conflict.doNothing())
        .execute();
  }
  return { keyPackage: row.payload, lastResort: row.last_resort === 1 };
}
