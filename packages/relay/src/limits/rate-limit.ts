import { isIPv6 } from 'node:net';
import { RelayError } from '../errors.ts';
import type { RelayPlatform } from '../platform.ts';
import { Counter } from './counter.ts';

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
const POOL_SHARE = { most: 5, windowMs: 600_000 } as const;

/** Counters in memory, one for each kind: nothing about an address, a device or a group is ever stored. */
export type Limiters = Record<Rate | 'poolShare', Counter>;

/** What is needed of a call to count it. */
interface Counted {
  limiters: Limiters;
  address: string;
}

export function createLimiters(platform: RelayPlatform, factor = 1): Limiters {
  const counter = (most: number, windowMs: number) =>
    new Counter(platform, { most: Math.ceil(most * factor), windowMs });
  const limiter = (rate: Rate) => counter(RATES[rate], 60_000);
  return {
    device: limiter('device'),
    group: limiter('group'),
    signal: limiter('signal'),
    register: limiter('register'),
    signIn: limiter('signIn'),
    directory: limiter('directory'),
    write: limiter('write'),
    poolShare: counter(POOL_SHARE.most, POOL_SHARE.windowMs),
  };
}

/**
 * @param who whose calls are counted; of a device or a group only once it is known that it is its call
 * @param calls how many it counts as
 * @throws {RelayError} RATE_LIMITED where there were too many of this kind
 */
export function consume(
  { limiters, address }: Counted,
  rate: Rate,
  { who = subscriberOf(address), calls = 1 }: { who?: string; calls?: number } = {},
): void {
  const refused = limiters[rate].count(who, calls);
  if (refused !== undefined) throw new RelayError('RATE_LIMITED', refused);
}

/** Those accounts of whose single-use key packages the address has had its share, this claim not counted. */
export function exhaustedShares({ limiters, address }: Counted, handles: readonly string[]): Set<string> {
  const isExhausted = (handle: string) =>
    limiters.poolShare.count(`${subscriberOf(address)} ${handle}`) !== undefined;
  return new Set(handles.filter(isExhausted));
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
