import { grownPast, type Sizes } from '../compare.ts';
import { CURRENT } from './contender.ts';
import type { CountRow } from './results.ts';

/** The counts that are held. The rest (by procedure, by call) says what a sum is made of. */
export const HELD = [
  'store commits',
  'rows written',
  'bytes written',
  'rows read',
  'bytes read',
  'worker calls',
  'relay calls',
  'bytes sent',
  'bytes received',
] as const;

/** What a count may exceed the baseline by in a whole repetition, however small it is: one write may fall into two. */
const LEAST = { bytes: 2_000, others: 2 };
/** The same, for one operation: of a single one, the second commit would be growth. */
const MOST_PER_OPERATION = { bytes: 100, others: 0.5 };

export const HOW_TO_UPDATE =
  'If this is intended, run `pnpm bench sdk --quick --update` and commit packages/bench/sdk-baseline.json.';

/** What this checkout did per operation, by `operation/count`. */
export function heldCounts(rows: readonly CountRow[]): Sizes {
  return Object.fromEntries(held(rows).flatMap(({ what, counts }) => entriesOf(what, counts)));
}

/** One sentence for each count that has grown past the baseline, or that the baseline does not know. */
export function grownCounts(rows: readonly CountRow[], baseline: Sizes): string[] {
  return held(rows).flatMap(({ what, operations, counts, tolerance = 0 }) =>
    entriesOf(what, counts).flatMap(([name, now]) => {
      const kind = name.includes('bytes') ? 'bytes' : 'others';
      const least = Math.min(MOST_PER_OPERATION[kind], LEAST[kind] / operations);
      const growth = grownPast({ [name]: now }, baseline, { share: tolerance, least })[0];
      if (growth === undefined) return [];
      const { before } = growth;
      if (before === undefined) return [`${name}: ${now} per operation, and the baseline does not know it`];
      return [`${name}: grown from ${before} to ${now} per operation`];
    }),
  );
}

function held(rows: readonly CountRow[]): CountRow[] {
  return rows.filter(({ contender, tolerance }) => contender === CURRENT && tolerance !== undefined);
}

function entriesOf(what: string, counts: Readonly<Record<string, number>>): [string, number][] {
  const isHeld = (name: string) => HELD.some((one) => name === one || name.endsWith(`’s ${one}`));
  return Object.entries(counts)
    .filter(([name]) => isHeld(name))
    .map(([name, count]) => [`${what}/${name}`, Number(count.toFixed(3))]);
}
