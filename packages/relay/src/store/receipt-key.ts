import { generateKeyPairSync } from 'node:crypto';
import type { Db } from './schema.ts';

/** The key that receipts are signed with (Ed25519, PKCS #8): made once for a store, and the same for all relays over it. */
export async function receiptKey(db: Db): Promise<Buffer> {
  const { privateKey } = generateKeyPairSync('ed25519');
  await db
    .insertInto('receipt_key')
    .values({ id: 1, private_key: privateKey.export({ format: 'der', type: 'pkcs8' }) })
    .onConflict((conflict) => conflict.doNothing())
    .execute();
  const row = await db.selectFrom('receipt_key').select('private_key').executeTakeFirstOrThrow();
  return row.private_key;
}
