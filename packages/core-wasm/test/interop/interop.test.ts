import { beforeAll, describe, expect, test } from 'vitest';
import { initialize } from '../../src/node.ts';
import { runScript } from './run.ts';
import { writeScript } from './script.ts';
import { sumUp, type Tally } from './tally.ts';

/** `pnpm prove interop` plays more of them. */
const SEEDS = 200;
const SEEDS_A_TEST = 20;

const starts = Array.from({ length: SEEDS / SEEDS_A_TEST }, (_, index) => index * SEEDS_A_TEST);

beforeAll(() => initialize());

describe('our core and ts-mls 1.6.4 in one group', () => {
  const tallies: Tally[] = [];

  test.each(starts)('20 seeded scripts from %i on', { timeout: 300_000 }, async (start) => {
    for (let seed = start; seed < start + SEEDS_A_TEST; seed++) {
      tallies.push(await runScript(writeScript(seed)));
    }
  });

  test('they were about everything that a script can do', () => {
    expect(tallies).toHaveLength(SEEDS);
    for (const [what, count] of Object.entries(sumUp(tallies))) expect(count, what).toBeGreaterThanOrEqual(5);
  });
});

test('a seed gives the same script every time, and another seed another', () => {
  expect(writeScript(4_711)).toEqual(writeScript(4_711));
  expect(writeScript(4_711).steps).not.toEqual(writeScript(4_713).steps);
});
