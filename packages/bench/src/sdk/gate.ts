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

/** Random padding and variable lengths move bytes by a little, and half of a call more is no call more. */
const LEAST = { bytes: 100, others: 0.5 };

export const HOW_TO_UPDATE =
  'If this is intended, run `pnpm bench sdk --quick --update` and commit packages/bench/sdk-baseline.json.';

/** What this checkout did per operation, by `operation/count`. */
export function heldCounts(rows: readonly CountRow[]): Sizes {
  return Object.fromEntries(held(rows).flatMap(({ what, counts }) => entriesOf(what, counts)));
}

/** One sentence for each count that has grown past the baseline, or that the baseline does not know. */
export function grownCounts(rows: readonly CountRow[], baseline: Sizes): string[] {
  return held(rows).flatMap(({ what, counts, tolerance = 0 }) =>
    entriesOf(what, counts).flatMap(([name, now]) => {
      const least = name.includes('bytes') ? LEAST.bytes : LEAST.others;
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
    .map(([name, count]) => [`${what}/${name}`, Number(count.toFixed(2))]);
}
