import { fromBase64Url } from '@quicprochat/protocol';
import { sdkError } from '../model/errors.ts';
import type { DeviceKey } from '../storage/storage.ts';
import { isOf, type Slot } from './slots.ts';
import { openByDevice, openByPassphrase, openBySecret, type Derive } from './wrapping.ts';

/** What a person or a program opens a locked storage with. */
export type Unlock = { passphrase: string } | { secret: Uint8Array };

/** A copy, so that callers can wipe their secret as soon as they have handed it over. What is none is judged later. */
export function copyOf(unlock: Unlock | undefined): Unlock | undefined {
  const secret = (unlock as { secret?: unknown } | undefined | null)?.secret;
  return secret instanceof Uint8Array ? { ...unlock, secret: new Uint8Array(secret) } : unlock;
}

/** Whether one of the slots opens without asking anybody. */
export function opensAtOnce(slots: readonly Slot[], deviceKey: DeviceKey | undefined): boolean {
  return slots.some(isOf('file')) || (deviceKey !== undefined && slots.some(isOf('device')));
}

/** Returns the store key if a slot opens without asking anybody. */
export async function openAtOnce(
  slots: readonly Slot[],
  deviceKey: DeviceKey | undefined,
): Promise<Uint8Array | undefined> {
  const file = slots.find(isOf('file'));
  if (file !== undefined) return fromBase64Url(file.key);
  const device = slots.find(isOf('device'));
  return device && deviceKey && openByDevice(device, deviceKey);
}

/** @throws {StorageError} STORE_LOCKED, PASSPHRASE_WRONG, SECRET_WRONG, STORE_KEY_MISSING */
export async function openWith(
  slots: readonly Slot[],
  unlock: Unlock | undefined,
  derive: Derive,
): Promise<Uint8Array> {
  const passphrases = slots.filter(isOf('passphrase'));
  const secrets = slots.filter(isOf('secret'));
  if (passphrases.length + secrets.length === 0) throw nothingOpens(slots);
  const locked = { details: { kinds: [...new Set(slots.map(({ kind }) => kind))] } };
  if (unlock === undefined)
    throw sdkError(
      'STORE_LOCKED',
      'This storage is locked. Pass its passphrase or secret to open it.',
      locked,
    );
  if ('passphrase' in unlock) {
    if (passphrases.length === 0)
      throw sdkError('STORE_LOCKED', 'No passphrase opens this storage. Pass its secret.', locked);
    const failures: unknown[] = [];
    for (const slot of passphrases) {
      try {
        const storeKey = await openByPassphrase(slot, unlock.passphrase, derive);
        if (storeKey !== undefined) return storeKey;
      } catch (error) {
        // This device may lack the memory for one slot, and have it for the next.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
    throw sdkError('PASSPHRASE_WRONG', 'This passphrase is wrong. Nothing was changed; try again.');
  }
  if (secrets.length === 0)
    throw sdkError('STORE_LOCKED', 'No secret opens this storage. Pass its passphrase.', locked);
  for (const slot of secrets) {
    const storeKey = openBySecret(slot, unlock.secret);
    if (storeKey !== undefined) return storeKey;
  }
  throw sdkError(
    'SECRET_WRONG',
    'This secret does not open the storage. Nothing was changed; try another one.',
  );
}

/** The device's key was lost, or another version made the only slots. */
function nothingOpens(slots: readonly Slot[]) {
  if (slots.some(isOf('device')))
    return sdkError(
      'STORE_KEY_MISSING',
      'The key of this storage belongs to another browser profile, or was deleted. Put it back: the storage cannot be opened without it.',
    );
  return sdkError(
    'STORE_LOCKED',
    'This version of quicprochat has no way to open this storage. Update this app; in a browser, reload the page.',
  );
}
