import type { GroupId } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import { Arrivals } from './arrivals.ts';
import type { Arrived } from '../log/reader.ts';

function entry(sequence: number, chars = 1): Arrived {
  return { entry: { kind: 'message', sequence, epoch: 1, id: `${sequence}`, payload: 'x'.repeat(chars) } };
}

const [TEA, ANOTHER] = ['tea', 'another'] as [GroupId, GroupId];

/** How many of such entries are taken, of so many conversations in turn, if nobody reads them. */
function taken(
  arrivals: Arrivals,
  { chars, conversations }: { chars: number; conversations: number },
): number {
  const payload = entry(1, chars);
  for (let count = 0; count < 100_000; count++)
    if (!arrivals.add(`conversation ${count % conversations}` as GroupId, payload)) return count;
  return Infinity;
}

test('keeps what arrived in order until it is taken', () => {
  const arrivals = new Arrivals();
  for (const sequence of [1, 2, 3]) expect(arrivals.add(TEA, entry(sequence))).toBe(true);
  arrivals.take(TEA, 2);
  expect(arrivals.of(TEA)).toEqual([entry(3)]);
  arrivals.clear(TEA);
  expect(arrivals.of(TEA)).toEqual([]);
});

test('takes a bounded number of entries of one conversation, and others all the same', () => {
  const arrivals = new Arrivals();
  expect(taken(arrivals, { chars: 1, conversations: 1 })).toBe(1_000);
  expect(arrivals.add(ANOTHER, entry(1))).toBe(true);
});

test('takes a bounded amount of all conversations together, and more once that is applied', () => {
  const arrivals = new Arrivals();
  const large = 1024 * 1024;
  expect(taken(arrivals, { chars: large, conversations: 500 })).toBe(16);
  arrivals.take('conversation 0' as GroupId, 1);
  expect(arrivals.add(ANOTHER, entry(1, large))).toBe(true);
  expect(arrivals.add(ANOTHER, entry(2, large))).toBe(false);
});
