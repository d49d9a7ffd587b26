import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { compareSizes, sizesOf, type Sizes } from './compare.ts';
import { quickMatrix, type Run } from './core/matrix.ts';
import { ourEngine } from './core/ours.ts';
import { answerer } from './core/play.ts';
import type { Size } from './core/results.ts';

test('growth and unknown names are told, less is not', () => {
  const baseline = { a: 1_000, b: 1_000, c: 100 };
  expect(compareSizes({ a: 1_100, b: 900, c: 130, d: 1 }, baseline)).toEqual([
    'a: grown from 1000 B to 1100 B',
    'd: 1 B, and the baseline does not know it',
  ]);
});

test('only our wasm is held, and not its memory', () => {
  const at = { suite: 0x004f, n: 10, tree: 'full' } as const;
  const sizes: Size[] = [
    { ...at, contender: 'wasm', what: 'commit', bytes: 1 },
    { ...at, contender: 'wasm', what: 'peak memory', bytes: 2 },
    { ...at, contender: 'ts-mls', what: 'commit', bytes: 3 },
  ];
  expect(sizesOf({ sizes, wasm: { raw: 4, gzip: 5 } })).toEqual({
    '0x004f/10/full/commit': 1,
    'wasm/raw': 4,
    'wasm/gzip': 5,
  });
});

test('groups put no more on the wire, and into the store, than the committed baseline says', async () => {
  const wasm = await readFile(new URL('../../core-wasm/artefact/quicprochat_wasm_bg.wasm', import.meta.url));
  const measured = await measureSizes(quickMatrix().filter(({ contenders }) => contenders.includes('wasm')));
  const sizes = sizesOf({
    sizes: measured,
    wasm: { raw: wasm.length, gzip: gzipSync(wasm, { level: 9 }).length },
  });
  const baseline = JSON.parse(await readFile(new URL('../baseline.json', import.meta.url), 'utf8')) as Sizes;
  expect(Object.keys(sizes).length).toBeGreaterThan(80);
  expect(compareSizes(sizes, baseline)).toEqual([]);
});

/** Every story once, in the bench's order: what is written depends on what came before. */
async function measureSizes(runs: readonly Run[]): Promise<Size[]> {
  const answer = answerer(await ourEngine());
  const sizes: Size[] = [];
  for (const { suite, n, tree, stories } of runs) {
    const seen = { ...(await answer({ do: 'prepare', suite, n, tree })).bytes };
    for (const story of stories) {
      const { bytes } = await answer({ do: 'story', story, repeat: 1 });
      for (const [what, size] of Object.entries(bytes)) seen[what] ??= size;
    }
    for (const [what, bytes] of Object.entries(seen))
      sizes.push({ suite, n, tree, contender: 'wasm', what, bytes });
  }
  return sizes;
}
