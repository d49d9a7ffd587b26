import { initialize } from '@quicprochat/core-wasm';
import { beforeAll, expect, test } from 'vitest';
import { simulate } from '../src/simulate.ts';

/** `pnpm prove simulation` runs a thousand. */
const SEEDS = Array.from({ length: 12 }, (_, n) => n + 1);

beforeAll(() => initialize());

test.each(SEEDS)(
  'with seed %i nothing is lost, doubled or stuck, and a second run is the same step by step',
  async (seed) => {
    const first = await simulate(seed);
    expect(first.violations).toEqual([]);
    expect((await simulate(seed)).hash).toBe(first.hash);
  },
  120_000,
);

test('another seed is another run', async () => {
  const [one, two] = [await simulate(1_001), await simulate(1_002)];
  expect(one.hash).not.toBe(two.hash);
}, 120_000);
