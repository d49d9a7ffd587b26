import {
  fromBase64Url,
  handleSchema,
  toBase64Url,
  type CipherSuite,
  type DeviceId,
} from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { sdkError } from '../errors.ts';
import type { RelaySession } from '../transport/relay-session.ts';
import { learnContact, requireUnchanged } from './contacts.ts';
import type { Ledger } from './ledger.ts';
import type { ClaimedKeyPackage, ContactRow } from './rows.ts';
import type { Transaction } from './transaction.ts';

/**
 * One key package for each device of each handle, genuine ones under known keys. Whose key has changed is noted, so that
 * the person can compare safety numbers and decide.
 *
 * @throws {UsageError} INVALID_ARGUMENT where a handle is not of the form that handles have
 * @throws {TransportError} NOT_FOUND, KEY_PACKAGES_EXHAUSTED; then none was claimed
 * @throws {CryptoVerificationError} IDENTITY_CHANGED
 */
export async function claim(
  ledger: Ledger,
  relay: RelaySession,
  { suite, handles }: { suite: CipherSuite; handles: string[] },
): Promise<ClaimedKeyPackage[]> {
  const malformed = handles.find((handle) => !handleSchema.safeParse(handle).success);
  if (malformed !== undefined)
    throw sdkError('INVALID_ARGUMENT', 'One of these is not of the form that handles have.');
  if (handles.length === 0) return [];
  const { devices } = await relay.claimKeyPackages(suite, handles);
  const claimed = devices.map(({ handle, deviceId, keyPackage }) => ({
    handle,
    deviceId: deviceId as DeviceId,
    keyPackage,
  }));
  const owners = await ledger.transact(async (tx) => {
    const learned: Owner[] = [];
    for (const one of claimed) learned.push(await ownerOf(tx, one, suite));
    return learned;
  });
  for (const { contact, accountKey } of owners) requireUnchanged(contact, accountKey);
  return claimed;
}

interface Owner {
  contact: ContactRow;
  /** The one in the key package. */
  accountKey: string;
}

/**
 * Whose key package the relay handed out: it must be of the handle and device asked for. Notes its account key.
 *
 * @throws {CryptoVerificationError} IDENTITY_CHANGED where it is another's; a core code where it does not hold
 */
export async function ownerOf(
  tx: Transaction,
  claimed: ClaimedKeyPackage,
  suite: CipherSuite,
): Promise<Owner> {
  const keyPackage = fromBase64Url(claimed.keyPackage);
  const owner = await tx.inspectKeyPackage(keyPackage, suite);
  if (owner.handle !== claimed.handle || hex.encode(owner.deviceId) !== claimed.deviceId) {
    throw sdkError('IDENTITY_CHANGED', `The relay handed out another’s key package for ${claimed.handle}.`, {
      details: { handle: claimed.handle },
    });
  }
  const accountKey = toBase64Url(owner.accountKey);
  return { contact: learnContact(tx, owner.handle, accountKey), accountKey };
}
