import { LIMITS, type CipherSuite } from '@quicprochat/protocol';
import { DailyAllowance } from '../account/allowance.ts';
import { QuicprochatError, TransportError } from '../model/errors.ts';
import type { Ledger } from '../state/ledger.ts';
import { ACCOUNT, accounts } from '../state/rows.ts';
import type { Transaction } from '../state/transaction.ts';
import type { KeyPackageUpload } from '../transport/device-calls.ts';
import type { Clock } from '../platform/platform.ts';
import type { Relay } from '../transport/relay.ts';

/** The suites this device can be added under, in the order of preference. */
export const SUITES = [0x004f, 0x004e, 0x0003, 0x0001] as const;

/** Single-use key packages kept at the relay for each suite: refilled to `full` when there are fewer than `low`. */
const POOL = { full: 10, low: LIMITS.lowKeyPackages };

/**
 * Key packages made of a suite in a day, whatever the relay says of how many it has and of what became of the last ones: a
 * hostile one would have us make them, and keep their private keys, without end. A device that is added to more groups
 * than that is added by its last-resort one.
 */
const MOST_PER_DAY = 100;

/** What the relay has of a suite. */
interface Pool {
  /** Single-use key packages. */
  available: number;
  lastResort: boolean;
}

/**
 * When the relay gets new ones for all that it has of a suite, the last-resort one included: two thirds of their
 * lifetime of 84 days. So whoever is away for less than 28 days can be added.
 */
const RENEW_AFTER_MS = 56 * 24 * 60 * 60 * 1_000;

/** Keeps the relay supplied with the key packages by which others add this device. */
export class KeyPackages {
  readonly #ledger: Ledger;
  readonly #relay: Relay;
  readonly #clock: Clock;
  readonly #relayClock: Clock;
  readonly #allowance = new DailyAllowance<CipherSuite>(MOST_PER_DAY);
  /** Made, and not known to have arrived: the next upload is these again. */
  readonly #unsent = new Map<CipherSuite, KeyPackageUpload>();

  /** @param parts `clock` is this device's own, `relayClock` the one that others compare with theirs */
  constructor(parts: { ledger: Ledger; relay: Relay; clock: Clock; relayClock: Clock }) {
    this.#ledger = parts.ledger;
    this.#relay = parts.relay;
    this.#clock = parts.clock;
    this.#relayClock = parts.relayClock;
  }

  /** Whether {@link topUp} would replace what the relay has. */
  get isRenewalDue(): boolean {
    const nowMs = this.#clock.now();
    const mayMake = (suite: CipherSuite) => this.#allowance.covers(suite, POOL.full + 1, nowMs);
    return SUITES.some((suite) => this.#areOld(suite) && (this.#unsent.has(suite) || mayMake(suite)));
  }

  async topUp(): Promise<void> {
    const pools = await this.#relay.device.keyPackageStatus(SUITES);
    for (const [i, suite] of SUITES.entries()) {
      const upload = this.#unsent.get(suite) ?? (await this.#makeMissing(suite, pools[i] as Pool));
      if (upload === undefined) continue;
      this.#unsent.set(suite, upload);
      try {
        await this.#relay.device.publishKeyPackages(upload);
      } catch (error) {
        if (error instanceof QuicprochatError && !error.retryable) this.#unsent.delete(suite);
        throw error;
      }
      this.#unsent.delete(suite);
      // Only now: had the upload failed, the old ones would still be there.
      if (upload.replace) await this.#ledger.transact((tx) => this.#noteRenewal(tx, suite));
    }
  }

  /**
   * {@link topUp} for callers that have more to do: a refusal that lasts, such as QUOTA_EXCEEDED, must not keep the inbox
   * from being read. The next stream of the inbox tries again.
   *
   * @throws what may go by itself
   */
  async topUpIfAccepted(): Promise<void> {
    try {
      await this.topUp();
    } catch (error) {
      if (!(error instanceof TransportError) || error.retryable) throw error;
    }
  }

  /** Deletes the private keys of what expired. With the inbox read to its end, no Welcome needs them any more. */
  async forgetExpired(): Promise<void> {
    const nowMs = this.#relayClock.now();
    await this.#ledger.transact((tx) => tx.call('client.forgetExpiredKeyPackages', { nowMs }));
  }

  /** New ones where the relay has too few or old ones, as far as the day's allowance goes. */
  async #makeMissing(
    suite: CipherSuite,
    { available, lastResort: hasLastResort }: Pool,
  ): Promise<KeyPackageUpload | undefined> {
    const replace = this.#areOld(suite);
    if (!replace && available >= POOL.low && hasLastResort) return undefined;
    const lastResort = replace || !hasLastResort;
    const wanted = (replace ? POOL.full : missingOf(available)) + (lastResort ? 1 : 0);
    // This device's own clock counts: a relay that lies about the time must not get more key packages.
    const granted = this.#allowance.take(suite, wanted, this.#clock.now());
    // Old ones are replaced by a whole pool, and until then they are better than fewer new ones.
    if (granted === 0 || (replace && granted < wanted)) return undefined;
    const count = granted - (lastResort ? 1 : 0);
    const nowMs = this.#relayClock.now();
    const made = await this.#ledger.transact((tx) =>
      tx.call('client.keyPackages', { suite, count, lastResort, nowMs }),
    );
    return { suite, replace, ...made };
  }

  #areOld(suite: CipherSuite): boolean {
    const renewedMs = this.#ledger.row(accounts, ACCOUNT)?.keyPackagesRenewedMs?.[suite] ?? -Infinity;
    // A clock that was ahead at the time counts as old too.
    return Math.abs(this.#relayClock.now() - renewedMs) >= RENEW_AFTER_MS;
  }

  async #noteRenewal(tx: Transaction, suite: CipherSuite): Promise<void> {
    const account = tx.row(accounts, ACCOUNT);
    if (account === undefined) return;
    const keyPackagesRenewedMs = {
      ...account.keyPackagesRenewedMs,
      [suite]: this.#relayClock.now(),
    };
    tx.put(accounts, ACCOUNT, { ...account, keyPackagesRenewedMs });
  }
}

/** How many a pool lacks. The number is the relay's word, and can be none. */
function missingOf(available: number): number {
  return Number.isSafeInteger(available) ? Math.min(Math.max(0, POOL.full - available), POOL.full) : 0;
}
