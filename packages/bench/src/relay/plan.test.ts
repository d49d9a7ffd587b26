import { expect, test } from 'vitest';
import { planOf, streamsWithin } from './plan.ts';

test('a whole run raises its rates through the floors, and reaches a log of a million entries unless told to stop before', () => {
  const plan = planOf({});
  for (const [{ rates }, floor] of [[plan.sends, 1_000] as const, [plan.deliveries, 6_000] as const]) {
    expect(rates).toContain(floor);
    expect([...rates].sort((a, b) => a - b)).toEqual(rates);
  }
  expect(plan.logLengths).toEqual([1_000, 10_000, 100_000, 1_000_000]);
  expect(planOf({ log: 10_000 }).logLengths.at(-1)).toBe(10_000);
});

test('a quick run is small in everything, and takes the number of streams from its caller', () => {
  const plan = planOf({ quick: true, streams: 100 });
  expect(plan.streams.streams).toBe(100);
  expect(plan.growth.sizes).toEqual([]);
});

test('streams leave room for other files', () => {
  expect(streamsWithin(20_000)).toBe(19_000);
  expect(streamsWithin(256)).toBe(0);
});
