import type { Results } from './core/results.ts';
import { suiteName } from './core/scenario.ts';

/** Bytes that an operation puts on the wire or into the store: the same on every machine, so CI can hold them. */
export type Sizes = Record<string, number>;

/** Signatures, padding and random lengths move a size by a little; more than this share, and more than 32 B, is growth. */
const TOLERANCE = 0.02;

/** What depends on the machine or its allocator is reported and not held. */
const NOT_HELD = new Set(['peak memory']);

/** The sizes that are held: our core's, through WebAssembly. Names are `suite/n/tree/what`, and `wasm/...`. */
export function sizesOf(results: Pick<Results, 'sizes' | 'wasm'>): Sizes {
  const ours = results.sizes.filter(({ contender, what }) => contender === 'wasm' && !NOT_HELD.has(what));
  return {
    ...Object.fromEntries(
      ours.map(({ suite, n, tree, what, bytes }) => [`${suiteName(suite)}/${n}/${tree}/${what}`, bytes]),
    ),
    'wasm/raw': results.wasm.raw,
    'wasm/gzip': results.wasm.gzip,
  };
}

/** One sentence for each size that has grown past the baseline, or that the baseline does not know. */
export function compareSizes(sizes: Sizes, baseline: Sizes): string[] {
  return grownPast(sizes, baseline, { share: TOLERANCE, least: 32 }).map(({ name, before, now }) =>
    before === undefined
      ? `${name}: ${now} B, and the baseline does not know it`
      : `${name}: grown from ${before} B to ${now} B`,
  );
}

export interface Growth {
  name: string;
  /** Undefined if the baseline does not know it. */
  before: number | undefined;
  now: number;
}

/** What has grown by more than a share of the baseline, and by more than `least`. */
export function grownPast(
  values: Sizes,
  baseline: Sizes,
  { share, least }: { share: number; least: number },
): Growth[] {
  return Object.entries(values).flatMap(([name, now]) => {
    const before = baseline[name];
    const isGrown = before === undefined || now > Math.max(before * (1 + share), before + least);
    return isGrown ? [{ name, before, now }] : [];
  });
}
