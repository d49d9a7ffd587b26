/** What is kept of the samples of one operation: milliseconds. */
export interface Summary {
  samples: number;
  median: number;
  /** The distance between the quartiles: how far the middle half of the samples spreads. */
  spread: number;
  least: number;
}

/** The value at a share of the sorted samples, interpolated between neighbours. */
export function quantile(sorted: readonly number[], share: number): number {
  const place = (sorted.length - 1) * share;
  const below = sorted[Math.floor(place)];
  const above = sorted[Math.ceil(place)];
  if (below === undefined || above === undefined) throw new RangeError('no samples');
  return below + (above - below) * (place - Math.floor(place));
}

export function summarize(samples: readonly number[]): Summary {
  const sorted = samples.toSorted((a, b) => a - b);
  return {
    samples: sorted.length,
    median: quantile(sorted, 0.5),
    spread: quantile(sorted, 0.75) - quantile(sorted, 0.25),
    least: quantile(sorted, 0),
  };
}

/** Three significant digits: noise beyond. */
export const rounded = (value: number): number => Number(value.toPrecision(3));
