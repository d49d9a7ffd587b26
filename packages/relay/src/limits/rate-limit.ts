import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import { RelayError } from '../errors.ts';

/**
 * Calls in a minute, by kind: of one network address (generous, as a household shares one), of one device that has signed
 * in, and writes into one line of a group's log and signals to those who follow it, wherever they come from.
 */
export const RATES = {
  register: 600,
  signIn: 1_200,
  directory: 1_200,
  write: 12_000,
  device: 1_200,
  group: 3_000,
  signal: 600,
} as const;

export type Rate = keyof typeof RATES;

/**
 * Single-use key packages of one account that callers from one address get in ten minutes. A client of ours keeps ten, so
 * no address empties its pool before it can refill it.
 */
const POOL_SHARE = { points: 5, duration: 600 } as const;

/** Counters in memory, one for each kind: nothing about an address, a device or a group is ever stored. */
export type Limiters = Record<Rate | 'poolShare', RateLimiterMemory>;

/** What is needed of a call to count it. */
interface Counted {
  limiters: Limiters;
  address: string;
}

export function createLimiters(factor = 1): Limiters {
  const limiter = (rate: Rate) =>
    new RateLimiterMemory({ points: Math.ceil(RATES[rate] * factor), duration: 60 });
  return {
    device: limiter('device'),
    group: limiter('group'),
    signal: limiter('signal'),
    register: limiter('register'),
    signIn: limiter('signIn'),
    directory: limiter('directory'),
    write: limiter('write'),
    poolShare: new RateLimiterMemory({ ...POOL_SHARE, points: Math.ceil(POOL_SHARE.points * factor) }),
  };
}

/**
 * @param who whose calls are counted; of a device or a group only once it is known that it is its call
 * @param calls how many it counts as
 * @throws {RelayError} RATE_LIMITED where there were too many of this kind
 */
export async function consume(
  { limiters, address }: Counted,
  rate: Rate,
  { who = subscriberOf(address), calls = 1 }: { who?: string; calls?: number } = {},
): Promise<void> {
  try {
    await limiters[rate].consume(who, calls);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    throw new RelayError('RATE_LIMITED', { retryAfterMs: Math.max(1, refused.msBeforeNext) });
  }
}

/** Those accounts of whose single-use key packages the address has had its share, this claim not counted. */
export async function exhaustedShares(
  { limiters, address }: Counted,
  handles: readonly string[],
): Promise<Set<string>> {
  const exhausted = new Set<string>();
  for (const handle of handles) {
    const key = `${subscriberOf(address)} ${handle}`;
    await limiters.poolShare.consume(key).catch((refused: unknown) => {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      exhausted.add(handle);
    });
  }
  return exhausted;
}

/** What counts as one caller: of IPv6, a subscriber holds a whole /64, so its lower half tells nobody apart. */
export function subscriberOf(address: string): string {
  if (!isIPv6(address)) return address;
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const groups = (part = '') => (part === '' ? [] : part.split(':'));
  const missing = tail === undefined ? 0 : 8 - groups(head).length - groups(tail).length;
  const zeros = Array.from({ length: Math.max(0, missing) }, () => '0');
  const network = [...groups(head), ...zeros, ...groups(tail)].slice(0, 4);
  return network.map((group) => parseInt(group, 16).toString(16)).join(':');
}
