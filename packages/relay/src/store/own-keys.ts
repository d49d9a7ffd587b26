import type { KeyObject } from 'node:crypto';
import type { RelayPlatform } from '../platform.ts';
import type { Db } from './schema.ts';

/** The key that receipts are signed with (Ed25519, PKCS #8). */
export function receiptKey(db: Db, platform: RelayPlatform): Promise<Buffer> {
  return ownKey(db, 'receipt_key', platform.generateKey('ed25519'));
}

/** The key that push services know the relay by (P-256, PKCS #8). */
export function pushKey(db: Db, platform: RelayPlatform): Promise<Buffer> {
  return ownKey(db, 'push_key', platform.generateKey('p256'));
}

/** Made once for a store, and the same for all relays over it: who comes second gets the first one's. */
async function ownKey(db: Db, table: 'receipt_key' | 'push_key', fresh: KeyObject): Promise<Buffer> {
  await db
    .insertInto(table)
    .values({ id: 1, private_key: fresh.export({ format: 'der', type: 'pkcs8' }) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db.selectFrom(table).select('private_key').executeTakeFirstOrThrow();
  return row.private_key;
}
