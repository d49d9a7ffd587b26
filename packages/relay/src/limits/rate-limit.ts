import { isIPv6 } from 'node:net';
import { LIMITS } from '@quicprochat/protocol';
import { RelayError } from '../errors.ts';
import type { RelayPlatform } from '../platform.ts';
import { Counter } from './counter.ts';

/**
 * What is allowed in a minute, by kind: calls of one network address (generous, as a household shares one), calls of one
 * device that has signed in, and writes into one branch of a group's log and signals to those who follow it, wherever they
 * come from.
 *
 * Posts count by what they store and not by the call, as one call brings up to 64 messages. The limits let a busy
 * conversation keep up 1,000 messages a second of 2 KiB each, twice what one client of ours sends. The bytes bound what a
 * member can put on the disk. Commits count apart: messages without end do not keep out the commit that removes their
 * sender.
 */
export const RATES = {
  register: 600,
  signIn: 1_200,
  directory: 1_200,
  write: 12_000,
  device: 1_200,
  commit: 3_000,
  message: 60_000,
  messageBytes: 128 * 1024 * 1024,
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
  const limiter = (rate: Rate, least = 1) => {
    const most = Math.max(Math.ceil(RATES[rate] * factor), least);
    return new Counter(platform, { most, windowMs: 60_000 });
  };
  return {
    device: limiter('device'),
    commit: limiter('commit'),
    // However small the factor: the largest post that a client may make is accepted once a minute.
    message: limiter('message', LIMITS.maxPostEntries),
    messageBytes: limiter('messageBytes', LIMITS.maxPostBytes),
    signal: limiter('signal'),
    register: limiter('register'),
    signIn: limiter('signIn'),
    directory: limiter('directory'),
    write: limiter('write'),
    poolShare: new Counter(platform, {
      most: Math.ceil(POOL_SHARE.most * factor),
      windowMs: POOL_SHARE.windowMs,
    }),
  };
}

/**
 * @param who whose calls are counted; of a device or a group only once it is known that it is its call
 * @param amount how much it counts as: calls, messages or bytes
 * @throws {RelayError} RATE_LIMITED where there were too many of this kind
 */
export function consume(
  { limiters, address }: Counted,
  rate: Rate,
  { who = subscriberOf(address), amount = 1 }: { who?: string; amount?: number } = {},
): void {
  const refused = limiters[rate].count(who, amount);
  if (refused !== undefined) throw new RelayError('RATE_LIMITED', refused);
}

/**
 * Counts a call for several groups, which was counted once already, as one call for each of them. However many there are,
 * that is at most half of what is allowed: otherwise a small factor would refuse such a call for ever.
 */
export function consumeForEach(counted: Counted, groups: readonly unknown[]): void {
  const most = Math.floor(counted.limiters.write.most / 2);
  consume(counted, 'write', { amount: Math.min(groups.length - 1, most) });
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
