import { Rng } from '@quicprochat/testkit';
import { SOUND, type DiskFaults } from './disk.ts';
import { NO_FAULTS, type Faults } from './network.ts';

/**
 * Everything that is decided before a run begins. The same schedule gives the same run, step by step. A step that is
 * taken out leaves the others as they are, so that a schedule can be shrunk.
 */
export interface Schedule {
  /** Decides what happens between the steps: delays, random bytes, and which calls the faults meet. */
  seed: number;
  /** How many people are in each conversation from beginning to end. */
  people: number;
  /** How many more come and go. They begin outside. Their numbers are the last. */
  guests: number;
  /** Whether the first of them has a program that is made to harm the others. */
  hasHostileGuest: boolean;
  conversations: number;
  /** Multiplies the relay’s rate limits. */
  rateFactor: number;
  network: Faults;
  disk: DiskFaults;
  steps: readonly Step[];
}

/** One event, and whom it happens to. */
export interface Step {
  /** Since the step before, in milliseconds. */
  afterMs: number;
  event: EventName;
  /** The number of the person. */
  person: number;
  /** The number of the conversation. */
  conversation: number;
  /** Seeds whatever else the event has to choose. */
  lot: number;
}

/** The events, and their highest weights. */
const EVENTS = {
  say: 50,
  sayMany: 2,
  sayAndCancel: 12,
  heal: 12,
  read: 8,
  killTab: 12,
  killAfterCommit: 12,
  openTab: 16,
  putBack: 4,
  clone: 10,
  endClone: 8,
  intrude: 4,
  changeSecret: 4,
  cutOff: 6,
  slowDown: 4,
  reconnect: 10,
  inviteGuest: 8,
  removeGuest: 6,
  leaveAsGuest: 4,
  freezeTab: 6,
  setClock: 2,
  restartRelay: 2,
  backUpRelay: 4,
  restoreRelay: 2,
  sayLong: 3,
  narrow: 4,
  freezeLink: 6,
};

/** How likely a schedule has an event at all, where not every one does: after a restore, conversations can be at their end. */
const RARELY: Partial<Record<string, number>> = { restoreRelay: 0.1, narrow: 0.3 };

export type EventName = keyof typeof EVENTS;

/** How many steps a schedule has. */
const STEPS = { least: 50, most: 200 };

/** The mean time between two steps. */
const PAUSE_MS = 1_000;

/** The most conversations, which everybody is in. */
const MOST_CONVERSATIONS = 3;

/** How many people there are: mostly few, since what many do takes longer and finds the same. */
const PEOPLE = [3, 3, 3, 3, 3, 4, 4, 5, 6, 8];

/** The possible probabilities of a fault of the network, in runs that have it. */
const PROBABILITIES = [0.02, 0.1, 0.3];

/** Of a fault of the disk, which each transaction uses several times. */
const DISK_PROBABILITIES = [0.005, 0.02, 0.1];

const MOST_GUESTS = 2;

/** How many schedules with guests have a hostile one. */
const HOSTILE = 0.25;

/** In some runs everybody meets the relay’s limits. */
const RATE_FACTORS = [1_000, 1_000, 1_000, 0.05];

/** Draws up a schedule. */
export function scheduleOf(seed: number): Schedule {
  const rng = new Rng(seed);
  const people = rng.pick(PEOPLE);
  const guests = rng.below(MOST_GUESTS + 1);
  const conversations = 1 + rng.below(MOST_CONVERSATIONS);
  const rateFactor = rng.pick(RATE_FACTORS);
  const network = someOf(NO_FAULTS, rng, PROBABILITIES);
  const disk = rng.chance(0.5) ? someOf(SOUND, rng, DISK_PROBABILITIES) : SOUND;
  const weights = someWeights(rng);
  const steps = Array.from({ length: between(STEPS, rng) }, () => ({
    afterMs: rng.below(2 * PAUSE_MS),
    event: draw(weights, rng),
    person: rng.below(people + guests),
    conversation: rng.below(conversations),
    lot: rng.below(2 ** 31),
  }));
  const hasHostileGuest = guests > 0 && rng.chance(HOSTILE);
  return { seed, people, guests, hasHostileGuest, conversations, rateFactor, network, disk, steps };
}

/** A whole number from the least to the most. */
export function between({ least, most }: { least: number; most: number }, rng: Rng): number {
  return least + rng.below(most - least + 1);
}

/**
 * Picks the faults of a schedule. Each has only some of them, because one fault can hide another: a stream that breaks
 * makes the client send again, so a missing retry shows only in runs whose streams stay up.
 */
function someOf<Kinds extends Record<keyof Kinds, number>>(
  none: Kinds,
  rng: Rng,
  probabilities: readonly number[],
): Kinds {
  const chosen = { ...none };
  for (const fault of Object.keys(chosen) as (keyof Kinds)[])
    if (rng.chance(0.5)) chosen[fault] = rng.pick(probabilities) as Kinds[keyof Kinds];
  return chosen;
}

function someWeights(rng: Rng): [EventName, number][] {
  const weights = new Map<EventName, number>();
  for (const [event, most] of Object.entries(EVENTS) as [EventName, number][]) {
    const isInIt = rng.chance(RARELY[event] ?? 1);
    weights.set(event, event === 'say' ? most : rng.below(most + 1) * Number(isInIt));
  }
  // Long texts take a narrow link longer than everything has time to settle.
  if (weights.get('narrow') !== 0) weights.set('sayLong', 0);
  return [...weights];
}

/** Draws an event. */
function draw(weights: readonly [EventName, number][], rng: Rng): EventName {
  let lot = rng.below(weights.reduce((sum, [, weight]) => sum + weight, 0));
  for (const [event, weight] of weights) {
    if (lot < weight) return event;
    lot -= weight;
  }
  return 'say';
}
