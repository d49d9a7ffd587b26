import { handleSchema, toBase64Url, type DeviceId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { hasCode, sdkError } from '../model/errors.ts';
import type { Relay } from '../transport/relay.ts';
import type { Identity } from '../worker/protocol.ts';
import { newHeader } from '../state/header.ts';
import type { Ledger } from '../state/ledger.ts';
import { ACCOUNT, accounts, contacts, HEADER, stores, type AccountRow } from '../state/rows.ts';

/**
 * Opens the account that the store holds, or makes one and registers it. The new account is stored before the relay
 * hears of it, so that a crash in between cannot lose the keys of a handle that is taken.
 */
export async function openAccount(
  ledger: Ledger,
  relay: Relay,
  { handle, origin }: { handle: string | undefined; origin: string },
): Promise<{ account: AccountRow; isNew: boolean }> {
  const existing = ledger.row(accounts, ACCOUNT);
  if (existing !== undefined && (existing.registered || existing.handle === (handle ?? existing.handle))) {
    requireSame(existing, { handle, origin });
    relay.session.setDevice(existing.deviceId);
    if (existing.registered) return { account: existing, isNew: false };
    return { account: await register(ledger, relay, existing), isNew: true };
  }
  if (handle === undefined) {
    throw sdkError('NOT_REGISTERED', 'This storage holds no account yet. Choose a handle and register it.');
  }
  requireHandle(handle);
  if (existing !== undefined) await discard(ledger, existing);
  // A device whose clock is too far off creates no account, so the time comes before any keys.
  await relay.session.learnTime();
  const account = await create(ledger, { handle, origin });
  requireSame(account, { handle, origin });
  relay.session.setDevice(account.deviceId);
  return { account: await register(ledger, relay, account), isNew: true };
}

/** The new account, or the one that another tab or process has made in this storage meanwhile. */

async function create(
  ledger: Ledger,
  { handle, origin }: { handle: string; origin: string },
): Promise<AccountRow> {
  const storeKey = await ledger.storeKey({ isNew: true });
  return ledger.transact(async (tx) => {
    const present = tx.row(accounts, ACCOUNT);
    if (present !== undefined) return present;
    const identity = await tx.call('client.create', { handle, storeKey });
    const account: AccountRow = {
      relay: origin,
      handle,
      deviceId: hex.encode(identity.deviceId) as DeviceId,
      registered: false,
      inboxCursor: 0,
    };
    tx.put(stores, HEADER, newHeader(storeKey, tx.platform.random));
    tx.put(accounts, ACCOUNT, account);
    tx.put(contacts, handle, { handle, accountKey: toBase64Url(identity.accountKey), verified: true });
    return account;
  });
}

async function register(ledger: Ledger, relay: Relay, account: AccountRow): Promise<AccountRow> {
  const identity = await identityOf(ledger);
  try {
    await relay.session.register(identity);
  } catch (error) {
    // Refused for good: nothing of this account remains, so that another handle can be tried.
    if (hasCode(error, 'HANDLE_TAKEN', 'BAD_INPUT')) await discard(ledger, account);
    throw error;
  }
  const registered = { ...account, registered: true };
  await ledger.transact(async (tx) => {
    tx.put(accounts, ACCOUNT, registered);
  });
  return registered;
}

/** The keys of this device, as the core holds them. */
export async function identityOf(ledger: Ledger): Promise<Identity> {
  return ledger.query('client.identity', {});
}

/** Deletes an account that was never registered, unless it is another by now, or registered after all. */
async function discard(ledger: Ledger, { deviceId }: AccountRow): Promise<void> {
  await ledger.wipe(() => {
    const present = ledger.row(accounts, ACCOUNT);
    return present?.deviceId === deviceId && !present.registered;
  });
}

function requireSame(
  account: AccountRow,
  { handle, origin }: { handle: string | undefined; origin: string },
): void {
  if (handle !== undefined && handle !== account.handle) {
    throw sdkError(
      'HANDLE_MISMATCH',
      'This storage holds the account of another handle. Use that handle, or another storage.',
    );
  }
  if (account.relay !== origin) {
    throw sdkError(
      'RELAY_MISMATCH',
      'This storage holds an account at another relay. Use that relay’s address, or another storage.',
    );
  }
}

function requireHandle(handle: string): void {
  const parsed = handleSchema.safeParse(handle);
  if (parsed.success) return;
  throw sdkError(
    'INVALID_ARGUMENT',
    'This is not a handle. Choose 1 to 32 characters (a-z, 0-9, ".", "_" or "-") that start with a letter or a digit.',
  );
}
