import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Claims } from './claims.ts';

beforeEach(() => void vi.spyOn(console, 'log').mockReturnValue(undefined));
afterEach(() => void vi.restoreAllMocks());

test('one claim that does not hold is enough for the demo to fail', () => {
  const claims = new Claims();
  claims.check('messages read', 3, 3);
  expect(claims.conclude()).toBe(true);
  claims.check('messages that the thief reads', 1, 0);
  expect(claims.conclude()).toBe(false);
  expect(console.log).toHaveBeenCalledWith('  ✗ messages that the thief reads: 1 (expected 0)');
});
