import { expect, test } from 'vitest';
import { quantile, rounded, summarize } from './statistics.ts';

test('quantiles lie between neighbours', () => {
  expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3], 0.25)).toBe(1.5);
  expect(quantile([7], 0.75)).toBe(7);
  expect(() => quantile([], 0.5)).toThrow(RangeError);
});

test('a summary is of the samples in any order, and one wild sample does not move it', () => {
  expect(summarize([5, 1, 3, 2, 4])).toEqual({ samples: 5, median: 3, spread: 2, least: 1 });
  expect(summarize([1, 2, 3, 4, 1_000]).median).toBe(3);
});

test('three digits are kept', () => {
  expect(rounded(1234.5)).toBe(1230);
  expect(rounded(0.012345)).toBe(0.0123);
});
