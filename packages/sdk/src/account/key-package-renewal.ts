import { ACCOUNT, accounts } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';

/**
 * Has all key packages at the relay replaced. If this storage was put back or copied, those that were made since are
 * there, and their private keys are not here: nobody could add this device by them.
 */
export function renewKeyPackages(tx: Transaction): void {
  const account = tx.row(accounts, ACCOUNT);
  if (account !== undefined) tx.put(accounts, ACCOUNT, { ...account, keyPackagesRenewedMs: {} });
}
