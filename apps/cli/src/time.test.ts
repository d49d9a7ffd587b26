import { expect, test } from 'vitest';
import { ago, localTime } from './time.ts';

test.each([
  [0, 'just now'],
  [59_999, 'just now'],
  [60_000, '1 minute ago'],
  [7_200_000, '2 hours ago'],
  [86_400_000 * 3, '3 days ago'],
])('%i ms are %s', (ms, text) => {
  expect(ago(ms)).toBe(text);
});

test('a sender’s clock that shows no moment at all is no fault of ours', () => {
  expect(localTime(Number.MAX_SAFE_INTEGER)).toBe('(no time)');
  expect(localTime(0)).toMatch(/19(69|70)/);
});
