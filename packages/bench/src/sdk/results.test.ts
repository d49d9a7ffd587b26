import { expect, test } from 'vitest';
import { summarized } from './results.ts';
import type { Played } from './run.ts';

const played = (ms: number, counts: Record<string, number>, contender = 'a'): Played => ({
  contender,
  what: 'send',
  figures: { ms },
  counts,
  operations: 2,
  tolerance: 0.05,
});

test('repetitions become a median and a range, contender by contender', () => {
  const { figures } = summarized([played(5, {}), played(1, {}), played(9, {}, 'b'), played(3, {})]);
  expect(figures).toEqual([
    { contender: 'a', what: 'send', figure: 'ms', samples: 3, median: 3, least: 1, most: 5 },
    { contender: 'b', what: 'send', figure: 'ms', samples: 1, median: 9, least: 9, most: 9 },
  ]);
});

test('counts are per operation, and 0 in a repetition that does not name them', () => {
  const { counts } = summarized([
    played(1, { calls: 4, heals: 1 }),
    played(1, { calls: 6 }),
    played(1, { calls: 5 }),
  ]);
  expect(counts).toEqual([
    { contender: 'a', what: 'send', operations: 2, counts: { calls: 2.5, heals: 0 }, tolerance: 0.05 },
  ]);
});
