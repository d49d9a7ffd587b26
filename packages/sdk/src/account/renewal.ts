import { ACCOUNT, accounts } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';

/**
 * Has all key packages at the relay replaced: this device may not have their private keys any more, and could not open an
 * invitation that was made with one of them.
 */
export function renewKeyPackages(tx: Transaction): void {
  const account = tx.row(accounts, ACCOUNT);
  if (account !== undefined) tx.put(accounts, ACCOUNT, { ...account, keyPackagesRenewedMs: {} });
}
