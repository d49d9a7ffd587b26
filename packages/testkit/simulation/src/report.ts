import type { Schedule } from './schedule.ts';
import type { Outcome } from './simulate.ts';
import type { Tally } from './tally.ts';

/** The faults of a schedule and its steps, one line each. */
export function linesOf({
  people,
  guests,
  hasHostileGuest,
  conversations,
  rateFactor,
  network,
  disk,
  steps,
}: Schedule): string[] {
  const faults = Object.entries({ ...network, ...disk }).filter(([, probability]) => probability > 0);
  let atMs = 0;
  return [
    `${people} people, ${guests} guests${hasHostileGuest ? ', the first of them hostile' : ''}, ${conversations} conversations, rate limits times ${rateFactor}`,
    `faults: ${faults.map(([fault, probability]) => `${fault} ${probability}`).join(', ') || 'none'}`,
    ...steps.map(({ afterMs, event, person, conversation }) => {
      atMs += afterMs;
      return `${String(atMs).padStart(7)} ms  ${event}  person ${person}, conversation ${conversation}`;
    }),
  ];
}

/** What a run came to, and how it went if it failed. */
export function outcomeLines(schedule: Schedule, { hash, length, violations, tail }: Outcome): string[] {
  const summary = `seed ${schedule.seed}: trace ${hash}, ${length} events`;
  if (violations.length === 0) return [summary];
  return [
    ...tail.map((line) => `  ${line}`),
    ...linesOf(schedule).map((line) => `  ${line}`),
    summary,
    ...violations.map((violation) => `  ${violation}`),
  ];
}

/** How often each thing happened. */
export function tallyLines(tally: Tally): string[] {
  return tally.entries().map(([name, count]) => `${String(count).padStart(9)}  ${name}`);
}
