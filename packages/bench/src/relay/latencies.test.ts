import { expect, test } from 'vitest';
import { Latencies } from './latencies.ts';

test('percentiles are those of the samples, in milliseconds with three digits', () => {
  const latencies = new Latencies();
  for (let ms = 1; ms <= 1_000; ms += 1) latencies.record(ms);
  const { count, ...values } = latencies.percentiles();
  expect(count).toBe(1_000);
  for (const [name, expected] of Object.entries({ p50: 500, p90: 900, p99: 990, p999: 999, max: 1_000 }))
    expect(Math.abs(values[name as keyof typeof values] / expected - 1)).toBeLessThan(0.005);
});

test('what is under a microsecond counts as one, and no sample gives zeros', () => {
  const latencies = new Latencies();
  expect(latencies.percentiles()).toEqual({ count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
  latencies.record(0);
  expect(latencies.percentiles().max).toBe(0.001);
});
