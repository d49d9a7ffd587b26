import { findAccount } from './accounts.ts';
import { deleteFromInbox } from './inbox.ts';
import type { Db } from './schema.ts';
import { transaction } from './transaction.ts';

/**
 * Deletes an account's devices with all that is theirs: sessions, key packages, what waits in their inboxes. The handle
 * stays taken, so that nobody can pass for whom it was, unless it is freed. What groups hold stays: the relay does not
 * know which of it was theirs. False where there is no such account.
 */
export function removeAccount(
  db: Db,
  handle: string,
  { freeHandle }: { freeHandle: boolean },
): Promise<boolean> {
  return transaction(db, async (tx) => {
    const found = await findAccount(tx, handle);
    if (found === undefined) return false;
    for (const { device_id } of found.devices) {
      await deleteFromInbox(tx, device_id, Number.MAX_SAFE_INTEGER);
      for (const table of ['sessions', 'key_packages', 'inbox_heads', 'push_subscriptions'] as const)
        await tx.deleteFrom(table).where('device_id', '=', device_id).execute();
    }
    await tx.deleteFrom('devices').where('handle', '=', handle).execute();
    if (freeHandle) await tx.deleteFrom('accounts').where('handle', '=', handle).execute();
    return true;
  });
}
