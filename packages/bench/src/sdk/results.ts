import { quantile, rounded, summarize } from '../core/statistics.ts';
import type { Source } from '../source.ts';
import type { Plan } from './plan.ts';
import type { Played } from './run.ts';
import { perOperation, type Counts } from './tally.ts';

/** One figure of one operation, over all repetitions. */
export interface Row {
  contender: string;
  what: string;
  figure: string;
  samples: number;
  median: number;
  least: number;
  most: number;
}

/** The counts of one operation: the median over all repetitions of each, per operation. */
export interface CountRow {
  contender: string;
  what: string;
  /** How many each repetition consisted of. */
  operations: number;
  counts: Counts;
  /** By which share a count may exceed the baseline; undefined if the counts depend on how fast the machine is. */
  tolerance: number | undefined;
}

export interface Results {
  environment: Source & {
    versions: Record<string, string>;
    /** Processes that wanted a core when the run began: above 0 the machine was not quiet. */
    loadBefore: number;
    fsyncsPerSecond: number;
    /** The other revision's commit. */
    against?: string;
  };
  plan: Plan;
  figures: Row[];
  counts: CountRow[];
  /** What could not be measured, and why. */
  missing: string[];
}

/** Repetitions of the same operation by the same contender, put together in the order of their first. */
export function summarized(played: readonly Played[]): Pick<Results, 'figures' | 'counts'> {
  const groups = new Map<string, Played[]>();
  for (const one of played) {
    const name = `${one.what}\n${one.contender}`;
    groups.set(name, [...(groups.get(name) ?? []), one]);
  }
  const all = [...groups.values()];
  return {
    figures: all.flatMap(figuresOf),
    counts: all.flatMap(countsOf),
  };
}

function figuresOf(group: readonly Played[]): Row[] {
  return gathered(group.map(({ figures }) => known(figures))).map(([figure, samples]) => {
    const { median, least } = summarize(samples);
    return {
      ...whoseIs(group),
      figure,
      samples: samples.length,
      median: rounded(median),
      least: rounded(least),
      most: rounded(Math.max(...samples)),
    };
  });
}

function countsOf(group: readonly Played[]): CountRow[] {
  const repetitions = group.flatMap(({ counts, operations = 1 }) =>
    counts === undefined ? [] : [perOperation(counts, operations)],
  );
  if (repetitions.length === 0) return [];
  const medians = gathered(repetitions).map(([name, samples]) => {
    // Nothing was counted in the repetitions that do not name it.
    const zeros = Array.from({ length: repetitions.length - samples.length }, () => 0);
    return [
      name,
      quantile(
        [...zeros, ...samples].sort((a, b) => a - b),
        0.5,
      ),
    ] as const;
  });
  const { operations = 1, tolerance } = group[0] ?? {};
  return [{ ...whoseIs(group), operations, counts: Object.fromEntries(medians), tolerance }];
}

function whoseIs([first]: readonly Played[]): { contender: string; what: string } {
  return { contender: first?.contender ?? '', what: first?.what ?? '' };
}

/** A browser does not tell its processor time. */
function known(figures: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(figures).filter(([, value]) => !Number.isNaN(value)));
}

function gathered(records: readonly Record<string, number>[]): [string, number[]][] {
  const found = new Map<string, number[]>();
  for (const record of records)
    for (const [name, value] of Object.entries(record)) found.set(name, [...(found.get(name) ?? []), value]);
  return [...found];
}
