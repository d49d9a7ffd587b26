import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';
import type { Context } from './context.ts';
import { RelayError } from './errors.ts';

/** Calls that one network address can make in a minute, by kind. Generous: a household shares an address. */
export const RATES = { register: 120, signIn: 600, directory: 1_200, write: 12_000 } as const;

export type Rate = keyof typeof RATES;

/** Counters in memory, one for each kind. */
export type Limiters = Record<Rate, RateLimiterMemory>;

export function createLimiters(factor = 1): Limiters {
  const limiter = (rate: Rate) =>
    new RateLimiterMemory({ points: Math.ceil(RATES[rate] * factor), duration: 60 });
  return {
    register: limiter('register'),
    signIn: limiter('signIn'),
    directory: limiter('directory'),
    write: limiter('write'),
  };
}

/** @throws {RelayError} RATE_LIMITED where the address has made too many calls of this kind */
export async function consume(
  { limiters, address }: Pick<Context, 'limiters' | 'address'>,
  rate: Rate,
): Promise<void> {
  try {
    await limiters[rate].consume(address);
  } catch (refused) {
    if (!(refused instanceof RateLimiterRes)) throw refused;
    throw new RelayError('RATE_LIMITED', { retryAfterMs: refused.msBeforeNext });
  }
}
