import { expect, test } from 'vitest';
import { difference, perOperation, sum, Tally } from './tally.ts';

test('a tally counts by name, and a difference has only what grew', () => {
  const tally = new Tally();
  tally.add('commits');
  const before = tally.read();
  tally.add('rows', 3);
  tally.add('rows');
  expect(difference(tally.read(), before)).toEqual({ rows: 4 });
});

test('the total grows with everything that happens, also with nothing added', () => {
  const tally = new Tally();
  const { total } = tally;
  tally.add('rows read', 0);
  expect(tally.total).toBe(total + 1);
});

test('the counts of two people are added up and divided by the operations', () => {
  expect(perOperation(sum([{ commits: 3, rows: 1 }, { commits: 1 }]), 3)).toEqual({
    commits: 1.333,
    rows: 0.333,
  });
});
