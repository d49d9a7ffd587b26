import { expect, test } from 'vitest';
import { arrivals } from './schedule.ts';

test('uniform arrivals have equal distances and end before the time does', () => {
  expect(arrivals({ rate: 4, seconds: 1, spacing: 'uniform' })).toEqual([0, 250, 500, 750]);
});

test('Poisson arrivals come in order, in time, and at the rate', () => {
  const due = arrivals({ rate: 1_000, seconds: 20, spacing: 'poisson' });
  // Six standard deviations of a Poisson count of 20,000: wrong once in a billion runs.
  expect(Math.abs(due.length - 20_000)).toBeLessThan(6 * Math.sqrt(20_000));
  expect(due).toEqual(due.toSorted((a, b) => a - b));
  expect(due.at(-1)).toBeLessThan(20_000);
});

test('Poisson gaps are spread as exponential ones are', () => {
  // 1 - 1/e of them are below the mean.
  let state = 0;
  const random = () => (state = (state + 0.618_033_988_749_895) % 1);
  const due = arrivals({ rate: 100, seconds: 10, spacing: 'poisson', random });
  const gaps = due.slice(1).map((at, i) => at - (due[i] ?? 0));
  const short = gaps.filter((gap) => gap < 10).length / gaps.length;
  expect(short).toBeCloseTo(1 - 1 / Math.E, 2);
});
