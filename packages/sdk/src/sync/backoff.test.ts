import type { RelayErrorCode } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import { relayError } from '../model/errors.ts';
import { waitAfter } from './backoff.ts';

const told = (retryAfterMs: unknown, code: RelayErrorCode = 'RATE_LIMITED') =>
  relayError(code, 'too many', { retryable: true, details: { retryAfterMs } });

test.each(['RATE_LIMITED', 'UNAVAILABLE'] as const)(
  'a client that gets %s never comes back before the time that the relay names, nor do all at once',
  (code) => {
    expect(waitAfter(told(60_000, code), 500, 0)).toBe(60_250);
    expect(waitAfter(told(60_000, code), 500, 1)).toBe(60_750);
  },
);

test('a client that is told nothing waits its own delay', () => {
  expect(waitAfter(new Error('gone'), 4_000, 0.5)).toBe(4_000);
});

test('a relay can have nobody come back at once, or never', () => {
  for (const nonsense of [0, -5, 'x', undefined, null, Number.NaN, {}])
    expect(waitAfter(told(nonsense), 2_000, 0.5)).toBe(2_000);
  for (const forEver of [1e12, Number.MAX_VALUE, 2 ** 31, Infinity])
    expect(waitAfter(told(forEver), 2_000, 0.5)).toBe(5 * 60_000 + 2_000);
});
