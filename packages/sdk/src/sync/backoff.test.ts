import { expect, test } from 'vitest';
import { relayError } from '../model/errors.ts';
import { waitAfter } from './backoff.ts';

const told = (retryAfterMs: unknown) =>
  relayError('RATE_LIMITED', 'too many', { retryable: true, details: { retryAfterMs } });

test('who is rate-limited waits as long as the relay says', () => {
  expect(waitAfter(told(60_000), 500)).toBe(60_000);
  expect(waitAfter(new Error('gone'), 4_000)).toBe(4_000);
});

test('a relay can have nobody come back at once, or never', () => {
  for (const nonsense of [0, -5, 'x', undefined, null, Number.NaN, {}])
    expect(waitAfter(told(nonsense), 2_000)).toBe(2_000);
  for (const forEver of [1e12, Number.MAX_VALUE, 2 ** 31])
    expect(waitAfter(told(forEver), 2_000)).toBe(5 * 60_000);
});
