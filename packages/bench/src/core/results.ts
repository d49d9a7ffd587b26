import type { Source } from '../source.ts';
import type { Contender } from './matrix.ts';
import type { Operation, Scenario } from './scenario.ts';
import type { Summary } from './statistics.ts';

/** One operation of one contender in one scenario. Times in milliseconds. */
export interface Timing extends Scenario, Summary {
  contender: Contender;
  operation: Operation;
}

/** One size, of one contender in one scenario. */
export interface Size extends Scenario {
  contender: Contender;
  what: string;
  bytes: number;
}

/** Where the figures come from. */
export interface Environment extends Source {
  versions: Record<string, string>;
}

export interface Results {
  environment: Environment;
  timings: Timing[];
  sizes: Size[];
  /** Of the artefact: raw and gzip, bytes. */
  wasm: { raw: number; gzip: number };
  /** What could not be measured, and why. */
  missing: string[];
}

export type Place = Pick<Timing, 'suite' | 'n' | 'tree' | 'contender'>;

export function median(results: Results, place: Place, operation: Operation): number | undefined {
  return results.timings.find((row) => isAt(row, place) && row.operation === operation)?.median;
}

export function bytes(results: Results, place: Place, what: string): number | undefined {
  return results.sizes.find((row) => isAt(row, place) && row.what === what)?.bytes;
}

const isAt = (row: Place, place: Place): boolean =>
  row.suite === place.suite &&
  row.n === place.n &&
  row.tree === place.tree &&
  row.contender === place.contender;
