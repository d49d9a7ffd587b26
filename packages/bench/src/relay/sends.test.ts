import { expect, test } from 'vitest';
import { missing } from './sends.ts';

test('what is not there, or there twice, is lost; what nobody acknowledged does not matter', () => {
  expect(missing(new Set(['a', 'b', 'c']), ['a', 'b', 'b', 'x'])).toBe(2);
  expect(missing(new Set(['a']), ['a'])).toBe(0);
});
