import { isIPv6 } from 'node:net';
import { LIMITS } from '@quicprochat/protocol';
import { RelayError } from '../errors.ts';
import type { Observe } from '../observed.ts';
import type { RelayPlatform } from '../platform.ts';
import { BlindCounter } from './blind-counter.ts';
import { Counter } from './counter.ts';
import { QUOTAS, RATES, SHARES, type Rate, type Share } from './rates.ts';

const MINUTE_MS = 60_000;
const SHARE_MS = 10 * MINUTE_MS;
const DAY_MS = 24 * 60 * MINUTE_MS;

/**
 * Counters in memory, one for each kind: nothing about an address, a device or a group is ever stored. Each process of a
 * relay counts for itself, and from nothing when it starts.
 */
export interface Limiters extends Record<Rate | 'keyPackage', Counter> {
  /** With the inbox, an address and a device would tell of an entry who wrote it. */
  welcome: BlindCounter;
}

/** What is needed of a call to count it. */
interface Counted {
  limiters: Limiters;
  address: string;
  observe: Observe;
}

export function createLimiters(platform: RelayPlatform, factor = 1): Limiters {
  const most = (limit: number, least: number) => Math.max(Math.ceil(limit * factor), least);
  const limiter = (rate: keyof typeof RATES, least = 1) =>
    new Counter(platform, { most: most(RATES[rate], least), windowMs: MINUTE_MS });
  const quota = (kind: keyof typeof QUOTAS, least: number) =>
    new Counter(platform, { most: most(QUOTAS[kind], least), windowMs: DAY_MS });
  const share = (kind: Share, least: number) => ({ most: most(SHARES[kind], least), windowMs: SHARE_MS });
  return {
    device: limiter('device'),
    commit: limiter('commit'),
    // However small the factor: the largest post that a client may make is accepted once a minute, and a household can begin.
    message: limiter('message', LIMITS.maxPostEntries),
    messageBytes: limiter('messageBytes', LIMITS.maxPostBytes),
    signal: limiter('signal'),
    register: limiter('register'),
    signIn: limiter('signIn'),
    directory: limiter('directory'),
    write: limiter('write'),
    group: quota('group', 20),
    storedBytes: quota('storedBytes', LIMITS.maxBodyBytes),
    dailyMessage: quota('dailyMessage', LIMITS.maxPostEntries),
    dailyMessageBytes: quota('dailyMessageBytes', LIMITS.maxPostBytes),
    keyPackage: new Counter(platform, share('keyPackage', 1)),
    welcome: new BlindCounter(platform, share('welcome', 10)),
  };
}

/**
 * @param who whose calls are counted; of a device or a group only once it is known that it is its call
 * @param amount how much it counts as: calls, messages or bytes
 * @throws {RelayError} RATE_LIMITED where there were too many of this kind
 */
export function consume(
  { limiters, address, observe }: Counted,
  rate: Rate,
  { who = subscriberOf(address), amount = 1 }: { who?: string; amount?: number } = {},
): void {
  const refused = limiters[rate].count(who, amount);
  if (refused === undefined) return;
  observe({ type: 'limited', limit: rate });
  throw new RelayError('RATE_LIMITED', refused);
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
export function exhaustedShares(counted: Counted, handles: readonly string[]): Set<string> {
  return new Set(handles.filter((handle) => countShare(counted, 'keyPackage', handle) !== undefined));
}

/**
 * Counts the Welcomes that an address brings.
 *
 * @param deviceIds of devices that are there
 * @throws {RelayError} RATE_LIMITED if one of them has had too many from this address
 */
export function consumeWelcomes(counted: Counted, deviceIds: readonly string[]): void {
  const waits = deviceIds.map((deviceId) => countShare(counted, 'welcome', deviceId)?.retryAfterMs ?? 0);
  const retryAfterMs = Math.max(0, ...waits);
  if (retryAfterMs > 0) throw new RelayError('RATE_LIMITED', { retryAfterMs });
}

function countShare({ limiters, address, observe }: Counted, share: Share, whose: string) {
  const refused = limiters[share].count(`${subscriberOf(address)} ${whose}`);
  if (refused !== undefined) observe({ type: 'limited', limit: share });
  return refused;
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
