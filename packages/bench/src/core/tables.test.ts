import { expect, test } from 'vitest';
import { table } from '../table.ts';
import { plots } from './plots.ts';
import type { Results, Timing } from './results.ts';
import { report, targetTable, timeTables } from './tables.ts';
import { verdicts } from './targets.ts';

const timing = (row: Partial<Timing>): Timing => ({
  suite: 3,
  n: 1_000,
  tree: 'bare',
  contender: 'wasm',
  operation: 'join',
  samples: 5,
  median: 10,
  spread: 2,
  least: 9,
  ...row,
});

const results = (part: Partial<Results>): Results => ({
  environment: { commit: 'c0ffee', changed: false, date: '2026-01-01', cpu: 'a CPU', cores: 2, versions: {} },
  timings: [],
  sizes: [],
  wasm: { raw: 1_900_000, gzip: 800_000 },
  missing: [],
  ...part,
});

const verdict = (of: Results, what: string) => verdicts(of).find((line) => line.what.includes(what));

test('tables are lined up', () => {
  expect(table(['', 'ms'], [['join', '1']])).toBe('|      |  ms |\n| ---- | --: |\n| join |   1 |');
});

test('a time is its median, half its spread and its number of samples; what was not measured is left empty', () => {
  const shown = timeTables(
    results({ timings: [timing({}), timing({ contender: 'ts-mls', operation: 'encrypt' })] }),
  );
  expect(shown).toContain('### 0x0003, n = 1,000, bare tree');
  expect(shown).toContain('| join    |         10 ± 1 (5) |            |');
});

test('a ratio is the peer by ours, and a target that is missed says no', () => {
  const rows = [
    timing({ operation: 'process commit', median: 4 }),
    timing({ operation: 'process commit', contender: 'ts-mls', median: 1_600 }),
    timing({ operation: 'process commit', contender: 'openmls', median: 2 }),
    timing({ operation: 'decrypt', median: 1 }),
    timing({ operation: 'decrypt', contender: 'ts-mls', median: 9 }),
  ];
  const of = results({ timings: rows });
  expect(verdict(of, 'against ts-mls: process commit')).toMatchObject({ reached: '400×', isMet: true });
  expect(verdict(of, 'against openmls native: process commit')).toMatchObject({
    reached: '2×',
    isMet: false,
  });
  expect(verdict(of, 'against ts-mls: decrypt')).toMatchObject({ reached: '9×', isMet: false });
  expect(verdict(of, 'against ts-mls: encrypt')).toMatchObject({ reached: '', isMet: undefined });
  expect(verdict(of, 'the wasm, gzip')).toMatchObject({ isMet: false });
  expect(targetTable(of)).toMatch(/the wasm, gzip .* \*\*no\*\* \|/);
});

test('encrypt and decrypt are added up, and one without the other is not measured', () => {
  const rows = (['encrypt', 'decrypt'] as const).flatMap((operation) => [
    timing({ operation, median: 3 }),
    timing({ operation, contender: 'openmls', median: 2 }),
  ]);
  expect(verdict(results({ timings: rows }), 'encrypt + decrypt')).toMatchObject({
    reached: '1.5×',
    isMet: true,
  });
  const [, ...less] = rows;
  expect(verdict(results({ timings: less }), 'encrypt + decrypt')?.isMet).toBeUndefined();
});

test('what the relay stores is the commit and the welcomes together', () => {
  const size = (what: string, bytes: number) =>
    ({ suite: 3, n: 1_000, tree: 'bare', contender: 'wasm', what, bytes }) as const;
  const of = results({
    sizes: [size('bulk add, commit', 1_000_000), size('bulk add, welcome on the relay', 600_000)],
  });
  expect(verdict(of, 'stored by the relay')).toMatchObject({ reached: '1,600,000 B', isMet: false });
});

test('the report says what is missing', () => {
  expect(report(results({ missing: ['a browser'] }))).toContain('- a browser');
});

test('a plot has a line for each contender that was measured, and its points lie within', () => {
  const rows = [10, 1_000].flatMap((n) => [
    timing({ n, median: n / 10 }),
    timing({ n, median: n, contender: 'ts-mls' }),
  ]);
  const svg = plots(results({ timings: rows }))['core-join.svg'] ?? '';
  expect(svg.match(/<polyline/g)).toHaveLength(2);
  const coordinates = [...svg.matchAll(/<circle cx="([\d.]+)" cy="([\d.]+)"/g)].map(([, x, y]) => [
    Number(x),
    Number(y),
  ]);
  expect(coordinates).toHaveLength(4);
  for (const [x = 0, y = 0] of coordinates) {
    expect(x).toBeGreaterThanOrEqual(64);
    expect(x).toBeLessThanOrEqual(390);
    expect(y).toBeGreaterThanOrEqual(34);
    expect(y).toBeLessThanOrEqual(280);
  }
});
