import { expect, test } from 'vitest';
import type { Ledger } from '../state/ledger.ts';
import type { Transaction } from '../state/transaction.ts';
import type { Relay } from '../transport/relay.ts';
import { KeyPackages, SUITES } from './key-packages.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

/** The key packages of a device whose storage is found to be a copy again and again, and what reaches the relay. */
function alarmedForEver() {
  const uploads: unknown[] = [];
  const account = { keyPackagesRenewedMs: {} };
  const tx = {
    call: async () => ({ keyPackages: [], lastResort: undefined }),
    row: () => account,
    put: () => undefined,
  } as unknown as Transaction;
  const ledger = {
    row: () => account,
    transact: (work: (tx: Transaction) => unknown) => Promise.resolve(work(tx)),
  } as unknown as Ledger;
  const device = {
    keyPackageStatus: async () => SUITES.map(() => ({ available: 10, lastResort: true })),
    publishKeyPackages: async (upload: unknown) => void uploads.push(upload),
  };
  const time = { nowMs: 0 };
  const clock = { now: () => time.nowMs };
  const relay = { device } as unknown as Relay;
  return { keyPackages: new KeyPackages({ ledger, relay, clock, relayClock: clock }), uploads, time };
}

test('a renewal is due until there may be no whole pool more that day, and again on the next', async () => {
  const { keyPackages, uploads, time } = alarmedForEver();
  for (let most = 100; keyPackages.isRenewalDue && most > 0; most -= 1) await keyPackages.topUp();
  // Each renewal makes 11 of at most 100.
  expect(uploads).toHaveLength(9 * SUITES.length);
  expect(keyPackages.isRenewalDue).toBe(false);
  time.nowMs += DAY_MS;
  expect(keyPackages.isRenewalDue).toBe(true);
});
