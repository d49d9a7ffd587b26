import type { Db } from './schema.ts';
import { transaction } from './transaction.ts';

export interface NewAccount {
  handle: string;
  accountKey: Uint8Array;
  deviceId: string;
  deviceKey: Uint8Array;
  deviceCertificate: Uint8Array;
}

/** Makes an account with its first device. The same account and device again is the same account; others are `taken`. */
export function createAccount(db: Db, account: NewAccount): Promise<'created' | 'taken'> {
  const { handle, accountKey, deviceId, deviceKey, deviceCertificate } = account;
  return transaction(db, async (tx) => {
    const known = await tx.selectFrom('accounts').selectAll().where('handle', '=', handle).executeTakeFirst();
    const device = await findDevice(tx, deviceId);
    if (known !== undefined || device !== undefined) {
      const same =
        known?.account_key.equals(accountKey) &&
        device?.handle === handle &&
        device.device_key.equals(deviceKey);
      return same ? 'created' : 'taken';
    }
    await tx
      .insertInto('accounts')
      .values({ handle, account_key: Buffer.from(accountKey) })
      .execute();
    await tx
      .insertInto('devices')
      .values({
        device_id: deviceId,
        handle,
        device_key: Buffer.from(deviceKey),
        certificate: Buffer.from(deviceCertificate),
      })
      .execute();
    return 'created';
  });
}

export function findDevice(db: Db, deviceId: string) {
  return db.selectFrom('devices').selectAll().where('device_id', '=', deviceId).executeTakeFirst();
}

export async function findAccount(db: Db, handle: string) {
  const account = await db.selectFrom('accounts').selectAll().where('handle', '=', handle).executeTakeFirst();
  if (account === undefined) return undefined;
  const devices = await db.selectFrom('devices').selectAll().where('handle', '=', handle).execute();
  return { account, devices };
}

/** Those of the handles that an account has, each once. */
export async function knownHandles(db: Db, handles: readonly string[]): Promise<string[]> {
  const rows = await db.selectFrom('accounts').select('handle').where('handle', 'in', handles).execute();
  return rows.map(({ handle }) => handle);
}
