import { toBase64Url } from '@quicprochat/protocol';
import { sdkError } from '../model/errors.ts';
import type { CoreMember } from '../worker/protocol.ts';
import { contacts, type ContactRow } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';

/**
 * Notes the account keys of members. The first key seen for a handle is trusted until two people compare safety
 * numbers; another one later is noted beside it, and sending stops until the person has decided.
 */
export function learnContacts(
  tx: Transaction,
  members: readonly Pick<CoreMember, 'handle' | 'accountKey'>[],
): void {
  for (const { handle, accountKey } of members) learnContact(tx, handle, toBase64Url(accountKey));
}

export function learnContact(tx: Transaction, handle: string, accountKey: string): ContactRow {
  const known = tx.row(contacts, handle);
  if (known?.accountKey === accountKey) return known;
  const row: ContactRow =
    known === undefined ? { handle, accountKey, verified: false } : { ...known, changedKey: accountKey };
  tx.put(contacts, handle, row);
  return row;
}

/**
 * Only the key that is there matters: another one that was once seen for the handle says nothing about this one.
 *
 * @throws {CryptoVerificationError} IDENTITY_CHANGED where the key is not the one first seen, or accepted since
 */
export function requireUnchanged(contact: ContactRow | undefined, accountKey: string): void {
  if (contact === undefined || contact.accountKey === accountKey) return;
  throw sdkError(
    'IDENTITY_CHANGED',
    `The account key of ${contact.handle} has changed. Compare safety numbers before you continue.`,
    { details: { handle: contact.handle } },
  );
}

/** Whether this account key is the one that the person has verified. A handle alone proves nothing. */
export function isVerifiedAs(contact: ContactRow | undefined, accountKey: string): boolean {
  return contact !== undefined && contact.verified && contact.accountKey === accountKey;
}
