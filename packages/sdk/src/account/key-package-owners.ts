import { fromBase64Url, toBase64Url, type CipherSuite } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { sdkError } from '../model/errors.ts';
import type { ClaimedKeyPackage } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';

/** Whose key package it is, as the key package itself proves. */
export interface KeyPackageOwner {
  handle: string;
  accountKey: string;
}

/**
 * The owners of these key packages, in their order. Each must belong to the handle and device that the relay named,
 * no device may come twice, and the devices of one handle must belong to one account.
 *
 * @throws {TransportError} RELAY_MISBEHAVED
 * @throws {QuicprochatError} a code of the core if a key package is invalid
 */
export async function ownersOf(
  tx: Transaction,
  claimed: readonly ClaimedKeyPackage[],
  suite: CipherSuite,
): Promise<KeyPackageOwner[]> {
  const accountKeys = new Map<string, string>();
  const deviceIds = new Set<string>();
  for (const one of claimed) {
    if (deviceIds.has(one.deviceId)) throw misbehaved(one, 'The relay returned a device twice');
    deviceIds.add(one.deviceId);
    const accountKey = await accountKeyIn(tx, one, suite);
    const first = accountKeys.get(one.handle) ?? accountKey;
    if (first !== accountKey) throw misbehaved(one, 'The relay returned devices of two accounts');
    accountKeys.set(one.handle, accountKey);
  }
  return claimed.map(({ handle }) => ({ handle, accountKey: accountKeys.get(handle) ?? '' }));
}

async function accountKeyIn(tx: Transaction, one: ClaimedKeyPackage, suite: CipherSuite): Promise<string> {
  const keyPackage = fromBase64Url(one.keyPackage);
  const owner = await tx.inspectKeyPackage(keyPackage, suite);
  if (owner.handle !== one.handle || hex.encode(owner.deviceId) !== one.deviceId)
    throw misbehaved(one, 'The relay returned someone else’s key package');
  return toBase64Url(owner.accountKey);
}

function misbehaved({ handle }: ClaimedKeyPackage, what: string) {
  return sdkError('RELAY_MISBEHAVED', `${what} for ${handle}. Nobody was added; tell whoever runs it.`, {
    details: { reason: 'other-answer', handle },
  });
}
