import { handleSchema, LIMITS, type CipherSuite } from '@quicprochat/protocol';
import { sdkError } from '../model/errors.ts';
import type { Relay } from '../transport/relay.ts';
import { learnContact, requireUnchanged } from './contact-keys.ts';
import { ownersOf } from './key-package-owners.ts';
import type { Ledger } from '../state/ledger.ts';
import { ACCOUNT, accounts, contacts, type ClaimedKeyPackage } from '../state/rows.ts';

/**
 * Claims one key package for each device of these handles, each handle named once. The relay's answer is held against
 * the question: exactly these handles, and key packages that belong to them. If a contact's account key has changed,
 * the new key is noted, so that the person can compare safety numbers and decide.
 *
 * More handles than one claim can carry are claimed in parts. If a part fails, nothing is done with the others either.
 * The key packages that those parts handed out are then used up at the relay, as after a crash: their devices replace
 * them, and delete the private keys when they expire.
 *
 * @throws {UsageError} INVALID_ARGUMENT if a handle is malformed, or if one commit cannot add so many devices
 * @throws {TransportError} NOT_FOUND, KEY_PACKAGES_EXHAUSTED; RELAY_MISBEHAVED if the answer is not what was asked for
 * @throws {CryptoVerificationError} IDENTITY_CHANGED, or a code of the core if a key package is invalid
 */
export async function claim(
  ledger: Ledger,
  relay: Relay,
  { suite, handles }: { suite: CipherSuite; handles: readonly string[] },
): Promise<ClaimedKeyPackage[]> {
  if (handles.some((handle) => !handleSchema.safeParse(handle).success))
    throw sdkError('INVALID_ARGUMENT', 'One of these handles is malformed. Check their spelling.');
  requireFewEnough(handles.length);
  const claimed: ClaimedKeyPackage[] = [];
  for (let start = 0; start < handles.length; start += LIMITS.maxClaimHandles) {
    const part = handles.slice(start, start + LIMITS.maxClaimHandles);
    const { devices } = await relay.device.claimKeyPackages(suite, part);
    requireAnswerFor(part, devices);
    claimed.push(...devices);
  }
  requireFewEnough(claimed.length);
  await learnOwners(ledger, claimed, suite);
  return claimed;
}

/** One commit adds all of them, or nobody. */
function requireFewEnough(devices: number): void {
  if (devices <= LIMITS.maxJoiners) return;
  throw sdkError(
    'INVALID_ARGUMENT',
    `At most ${LIMITS.maxJoiners} devices can be added at once. Add fewer people at a time.`,
  );
}

/** Every handle that was asked for, and no other: whoever else were in the answer would read the conversation. */
function requireAnswerFor(handles: readonly string[], devices: readonly ClaimedKeyPackage[]): void {
  const asked = new Set(handles);
  const answered = new Set(devices.map(({ handle }) => handle));
  const isExact = answered.size === asked.size && [...answered].every((handle) => asked.has(handle));
  if (isExact) return;
  throw sdkError(
    'RELAY_MISBEHAVED',
    'The relay’s answer does not match the handles that were asked for. Nobody was added; tell whoever runs it.',
    { details: { reason: 'other-answer' } },
  );
}

/** Notes the account keys; if one has changed, only those that have, since nobody is added. */
async function learnOwners(
  ledger: Ledger,
  claimed: readonly ClaimedKeyPackage[],
  suite: CipherSuite,
): Promise<void> {
  const noted = await ledger.transact(async (tx) => {
    const ownDeviceId = tx.row(accounts, ACCOUNT)?.deviceId;
    if (claimed.some(({ deviceId }) => deviceId === ownDeviceId))
      throw sdkError(
        'RELAY_MISBEHAVED',
        'The relay answered with this device’s own id for someone else. Nobody was added; tell whoever runs it.',
        { details: { reason: 'other-answer' } },
      );
    const owners = await ownersOf(tx, claimed, suite);
    const others = owners.filter(({ handle, accountKey }) => {
      const known = tx.row(contacts, handle);
      return known !== undefined && known.accountKey !== accountKey;
    });
    const learned = others.length > 0 ? others : owners;
    return learned.map(({ handle, accountKey }) => ({
      contact: learnContact(tx, handle, accountKey),
      accountKey,
    }));
  });
  for (const { contact, accountKey } of noted) requireUnchanged(contact, accountKey);
}
