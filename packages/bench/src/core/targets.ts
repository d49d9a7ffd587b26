import type { Contender } from './matrix.ts';
import { bytes, median, type Results } from './results.ts';
import { type Operation, suiteName, type Tree } from './scenario.ts';

/** One line of what must be shown. `isMet` is undefined where the run did not measure it. */
export interface Verdict {
  what: string;
  target: string;
  reached: string;
  isMet: boolean | undefined;
}

const SUITES = [0x0003, 0x0001];

/** Every ratio and size that the core is held to, with what this run reached. */
export function verdicts(results: Results): Verdict[] {
  return [
    ...SUITES.flatMap((suite) => againstTsMls(results, suite)),
    ...SUITES.flatMap((suite) => bulkAdd(results, suite)),
    ...[0x0001, 0x0003].flatMap((suite) => againstCoreCrypto(results, suite)),
    ...SUITES.flatMap((suite) => againstNative(results, suite)),
    ...fullTree(results, 0x0003),
    ...messages(results, 0x0003),
    ...stored(results),
  ];
}

function againstTsMls(results: Results, suite: number): Verdict[] {
  const targets: [Operation, number, Operation?, string?][] = [
    ['join', 25, 'rejoin', 'join, the MLS part (identity chains known)'],
    ['join', 25, 'join', 'join, all identity chains new'],
    ['process commit', 400],
    ['encrypt', 18],
    ['decrypt', 10],
    ['bulk add', 8],
  ];
  return targets.map(([theirs, target, ours = theirs, name = theirs]) => {
    const at = place(suite, 1_000);
    const ratio = divide(median(results, at('ts-mls'), theirs), median(results, at('wasm'), ours));
    return atLeast(`${suiteName(suite)}, n = 1,000, wasm in Node against ts-mls: ${name}`, target, ratio);
  });
}

function bulkAdd(results: Results, suite: number): Verdict[] {
  const large = place(suite, 1_000)('wasm');
  const ratio = divide(
    median(results, large, 'bulk add'),
    median(results, place(suite, 100)('wasm'), 'bulk add'),
  );
  const relay = sum(
    bytes(results, large, 'bulk add, commit'),
    bytes(results, large, 'bulk add, welcome on the relay'),
  );
  return [
    atMost(`${suiteName(suite)}, wasm: bulk add of 1,000 against one of 100`, 11, ratio),
    atMostBytes(`${suiteName(suite)}, bulk add of 1,000: stored by the relay, in all`, 1_500_000, relay),
  ];
}

function againstCoreCrypto(results: Results, suite: number): Verdict[] {
  const targets: [Operation, number, Operation?, string?][] = [
    ['join', 5, 'rejoin', 'join, the MLS part (identity chains known)'],
    ['join', 5, 'join', 'join, all identity chains new'],
    ['process commit', 5],
    ['encrypt', 5],
    ['decrypt', 5],
    ['bulk add', 3],
  ];
  const at = place(suite, 250);
  return targets.map(([theirs, target, ours = theirs, name = theirs]) =>
    atLeast(
      `${suiteName(suite)}, n = 250, Chromium against core-crypto: ${name}`,
      target,
      divide(median(results, at('core-crypto'), theirs), median(results, at('chromium'), ours)),
    ),
  );
}

function againstNative(results: Results, suite: number): Verdict[] {
  const at = place(suite, 1_000);
  const time = (contender: Contender, ...operations: Operation[]) =>
    operations
      .map((operation) => median(results, at(contender), operation))
      .reduce((total, ms) => sum(total, ms));
  const ratio = (theirs: Operation[], ours = theirs) =>
    divide(time('wasm', ...ours), time('openmls', ...theirs));
  const name = (what: string) =>
    `${suiteName(suite)}, n = 1,000, wasm in Node against openmls native: ${what}`;
  return [
    atMost(name('process commit'), 1, ratio(['process commit'])),
    atMost(name('join, the MLS part (identity chains known)'), 1.2, ratio(['join'], ['rejoin'])),
    atMost(name('join, all identity chains new'), 1.2, ratio(['join'])),
    atMost(name('encrypt + decrypt'), 1.5, ratio(['encrypt', 'decrypt'])),
    atMost(name('load from store'), 1, ratio(['load'])),
  ];
}

function fullTree(results: Results, suite: number): Verdict[] {
  const large = place(suite, 1_000, 'full')('wasm');
  const small = place(suite, 10, 'full')('wasm');
  const ratio = divide(median(results, large, 'commit'), median(results, small, 'commit'));
  return [
    atMostBytes(
      `${suiteName(suite)}, full tree, n = 1,000: a commit`,
      2_000,
      bytes(results, large, 'commit'),
    ),
    atMost(`${suiteName(suite)}, full tree, wasm: a commit at n = 1,000 against n = 10`, 5, ratio),
  ];
}

function messages(results: Results, suite: number): Verdict[] {
  const at = (n: number) => place(suite, n)('wasm');
  const growth = (operation: Operation) =>
    atMost(
      `${suiteName(suite)}, wasm: ${operation} at n = 1,000 against n = 2`,
      1.15,
      divide(median(results, at(1_000), operation), median(results, at(2), operation)),
    );
  const written = (operation: string) =>
    atMostBytes(
      `${suiteName(suite)}, n = 1,000: written to ${operation} a message`,
      2_000,
      bytes(results, at(1_000), `${operation}, written`),
    );
  return [written('encrypt'), written('decrypt'), growth('encrypt'), growth('decrypt')];
}

function stored(results: Results): Verdict[] {
  const store = bytes(results, place(0x0003, 1_000)('wasm'), 'store');
  return [
    atMostBytes('0x0003, n = 1,000, bare tree: the store', 474_500, store),
    atMostBytes('the wasm, raw', 2_000_000, results.wasm.raw),
    atMostBytes('the wasm, gzip', 700_000, results.wasm.gzip),
  ];
}

const place =
  (suite: number, n: number, tree: Tree = 'bare') =>
  (contender: Contender) => ({ suite, n, tree, contender });

function atLeast(what: string, target: number, ratio: number | undefined): Verdict {
  const isMet = ratio === undefined ? undefined : ratio >= target;
  return { what, target: `at least ${target}×`, reached: times(ratio), isMet };
}

function atMost(what: string, target: number, ratio: number | undefined): Verdict {
  const isMet = ratio === undefined ? undefined : ratio <= target;
  return { what, target: `at most ${target}×`, reached: times(ratio), isMet };
}

function atMostBytes(what: string, target: number, size: number | undefined): Verdict {
  const isMet = size === undefined ? undefined : size <= target;
  const text = (bytes: number) => `${bytes.toLocaleString('en')} B`;
  return { what, target: `at most ${text(target)}`, reached: size === undefined ? '' : text(size), isMet };
}

const times = (ratio: number | undefined): string =>
  ratio === undefined ? '' : `${Number(ratio.toPrecision(3))}×`;

function divide(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one / other;
}

function sum(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other;
}
