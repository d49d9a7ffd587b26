import { initialize } from '@quicprochat/core-wasm';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { compareSizes } from './compare.ts';
import { measureSizes, type Sizes } from './sizes.ts';

test('growth and unknown names are told, less is not', () => {
  const baseline = { a: 1_000, b: 1_000, c: 100 };
  expect(compareSizes({ a: 1_100, b: 900, c: 130, d: 1 }, baseline)).toEqual([
    'a: grown from 1000 B to 1100 B',
    'd: 1 B, and the baseline does not know it',
  ]);
});

test('small groups put no more on the wire, and into the store, than the committed baseline says', async () => {
  await initialize();
  const baseline = JSON.parse(await readFile(new URL('../baseline.json', import.meta.url), 'utf8')) as Sizes;
  for (const suite of [0x0001, 0x0003, 0x004f])
    expect(compareSizes(measureSizes(10, suite), baseline)).toEqual([]);
});
