import { expect, test } from 'vitest';
import { CURRENT } from './contender.ts';
import { grownCounts, heldCounts } from './gate.ts';
import type { CountRow } from './results.ts';
import { EXACT, RACING } from './step.ts';

const send: CountRow = {
  contender: CURRENT,
  what: 'send',
  operations: 1,
  counts: { 'store commits': 3, 'bytes sent': 1_000, 'relay call groups.post': 1 },
  tolerance: EXACT,
};
const baseline = heldCounts([send]);
const counting = (counts: Record<string, number>, tolerance: number | undefined = EXACT) => ({
  ...send,
  counts: { ...send.counts, ...counts },
  tolerance,
});

test('holds the sums of this checkout, and not what they are made of', () => {
  expect(baseline).toEqual({ 'send/store commits': 3, 'send/bytes sent': 1_000 });
  expect(heldCounts([{ ...send, contender: '0a4e675' }])).toEqual({});
});

test('holds what each of two people did', () => {
  const counts = { 'receiver’s store commits': 1, 'receiver’s worker call group.state': 1 };
  expect(heldCounts([{ ...send, counts }])).toEqual({ 'send/receiver’s store commits': 1 });
});

test('says which count has grown, and by how much', () => {
  expect(grownCounts([counting({ 'store commits': 4 })], baseline)).toEqual([
    'send/store commits: grown from 3 to 4 per operation',
  ]);
});

test('says which count the baseline does not know', () => {
  expect(grownCounts([counting({ 'relay calls': 1 })], baseline)).toEqual([
    'send/relay calls: 1 per operation, and the baseline does not know it',
  ]);
});

test('lets bytes move a little, and counts shrink', () => {
  expect(grownCounts([counting({ 'bytes sent': 1_090, 'store commits': 1 })], baseline)).toEqual([]);
  expect(grownCounts([counting({ 'bytes sent': 1_110 })], baseline)).toHaveLength(1);
});

test('holds what a batch of many operations shares', () => {
  const batch = { ...counting({ 'store commits': 0.07 }), operations: 100 };
  const before = heldCounts([batch]);
  const growing = (commits: number) => ({ ...batch, counts: { ...batch.counts, 'store commits': commits } });
  expect(grownCounts([growing(0.09)], before)).toEqual([]);
  expect(grownCounts([growing(0.1)], before)).toEqual([
    'send/store commits: grown from 0.07 to 0.1 per operation',
  ]);
});

test('allows more where two clients race, and holds nothing that depends on the machine', () => {
  const rows = { 'bytes sent': 1_400 };
  expect(grownCounts([counting(rows, RACING)], baseline)).toEqual([]);
  expect(grownCounts([counting({ 'bytes sent': 1_600 }, RACING)], baseline)).toHaveLength(1);
  expect(grownCounts([{ ...counting({ 'bytes sent': 9_999 }), tolerance: undefined }], baseline)).toEqual([]);
});
