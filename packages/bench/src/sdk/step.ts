import type { Plan } from './plan.ts';
import type { Counts } from './tally.ts';
import type { Place, World } from './world.ts';

/** What one repetition showed of one operation. */
export interface Observation {
  /** For example `send 25 at once`. Names with the same text are repetitions of each other. */
  what: string;
  /** By name and unit, for example `ms per send`. Reported, and compared between contenders; never held. */
  figures: Record<string, number>;
  /** Of all operations together. */
  counts?: Counts;
  /** How many operations the counts are of. */
  operations?: number;
  /** By which share a count may exceed the baseline. Undefined if counts depend on how fast the machine is. */
  tolerance?: number;
}

/** For operations that do the same each time. */
export const EXACT = 0.05;
/** For two clients that meet each other at moments that differ from run to run. */
export const RACING = 0.5;

/** Part of a scenario. With several contenders, each plays it in turn before anyone plays it again. */
export interface Step {
  name: string;
  /** How often it is played before what it shows counts. */
  warmUps: number;
  repeat: number;
  play(): Promise<Observation[]>;
}

/** Prepares one contender's world and returns what to play in it. */
export type Prepare = (world: World, plan: Plan) => Promise<Step[]>;

export interface Scenario {
  place: Place;
  prepare: Prepare;
}
