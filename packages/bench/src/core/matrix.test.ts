import { expect, test } from 'vitest';
import { chosenMatrix, fullMatrix, parseContenders, quickMatrix } from './matrix.ts';

test('a choice names suites, sizes, trees and stories; the tree is bare unless it is named', () => {
  const runs = chosenMatrix('suite=3|4f,n=10|1000', ['wasm', 'ts-mls']);
  expect(runs.map(({ suite, n, tree }) => [suite, n, tree])).toEqual([
    [3, 10, 'bare'],
    [3, 1_000, 'bare'],
    [0x4f, 10, 'bare'],
    [0x4f, 1_000, 'bare'],
  ]);
  // ts-mls has no 0x004F.
  expect(runs.map(({ contenders }) => contenders.length)).toEqual([2, 2, 1, 1]);
  expect(chosenMatrix('suite=0x0003,n=2,tree=full,story=update', ['wasm'])).toEqual([
    { suite: 3, n: 2, tree: 'full', contenders: ['wasm'], stories: ['update'] },
  ]);
});

test('what is not understood is named', () => {
  expect(() => chosenMatrix('size=3', ['wasm'])).toThrow('size is none of suite, n, tree, story');
  expect(() => chosenMatrix('suite=2', ['wasm'])).toThrow('no suite 2');
  expect(() => chosenMatrix('n=1', ['wasm'])).toThrow('at least 2');
  expect(() => parseContenders('wasm,signal')).toThrow('signal is none of');
});

test('the full matrix has every size and suite, and all contenders meet at 1,000', () => {
  const runs = fullMatrix();
  for (const suite of [1, 3, 0x4f]) {
    const ns = runs.filter((run) => run.suite === suite && run.contenders.includes('wasm')).map(({ n }) => n);
    expect(new Set(ns)).toEqual(new Set([2, 10, 100, 250, 1_000]));
  }
  const large = runs.find(({ suite, n }) => suite === 3 && n === 1_000);
  expect(large?.contenders).toEqual(['openmls', 'native', 'wasm', 'ts-mls']);
  expect(runs.some(({ contenders }) => contenders.includes('core-crypto'))).toBe(true);
});

test('the quick matrix needs no Rust', () => {
  const contenders = new Set(quickMatrix().flatMap((run) => run.contenders));
  expect(contenders.has('native') || contenders.has('openmls')).toBe(false);
});
