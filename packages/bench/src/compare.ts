import type { Sizes } from './sizes.ts';

/** Signatures, padding and random lengths move a size by a little; more than this share, and more than 32 B, is growth. */
const TOLERANCE = 0.02;

/** One sentence for each size that has grown past the baseline, or that the baseline does not know. */
export function compareSizes(sizes: Sizes, baseline: Sizes): string[] {
  return Object.entries(sizes).flatMap(([name, size]) => {
    const before = baseline[name];
    if (before === undefined) return [`${name}: ${size} B, and the baseline does not know it`];
    if (size <= Math.max(before * (1 + TOLERANCE), before + 32)) return [];
    return [`${name}: grown from ${before} B to ${size} B`];
  });
}
