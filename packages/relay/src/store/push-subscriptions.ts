import type { Db } from './schema.ts';

export interface PushSubscription {
  deviceId: string;
  endpoint: string;
}

/** In the place of the one that the device had. */
export async function keepSubscription(db: Db, { deviceId, endpoint }: PushSubscription): Promise<void> {
  await db
    .insertInto('push_subscriptions')
    .values({ device_id: deviceId, endpoint })
    .onConflict((conflict) => conflict.column('device_id').doUpdateSet({ endpoint }))
    .execute();
}

export async function forgetSubscription(db: Db, deviceId: string): Promise<void> {
  await db.deleteFrom('push_subscriptions').where('device_id', '=', deviceId).execute();
}

/** Forgets one that is gone; not the one that the device may have brought since. */
export async function dropSubscription(db: Db, { deviceId, endpoint }: PushSubscription): Promise<void> {
  await db
    .deleteFrom('push_subscriptions')
    .where('device_id', '=', deviceId)
    .where('endpoint', '=', endpoint)
    .execute();
}

export async function subscriptionsOf(db: Db, deviceIds: readonly string[]): Promise<PushSubscription[]> {
  return db
    .selectFrom('push_subscriptions')
    .select(['device_id as deviceId', 'endpoint'])
    .where('device_id', 'in', deviceIds)
    .execute();
}
