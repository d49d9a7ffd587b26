import type { Schedule, Step } from './schedule.ts';

/** Whether a schedule still fails. */
type Fails = (schedule: Schedule) => Promise<boolean>;

/**
 * Takes out of a failing schedule what it also fails without: faults first, then steps, by delta debugging (Zeller and
 * Hildebrandt, 2002): ever smaller pieces, until no single step can go.
 *
 * @param fails runs a schedule
 * @param mostRuns after so many runs, what is left is returned as it is
 */
export async function shrink(schedule: Schedule, fails: Fails, mostRuns = Infinity): Promise<Schedule> {
  let [smallest, runs] = [schedule, 0];
  const isStillFailing = async (smaller: Schedule): Promise<boolean> => {
    if (runs >= mostRuns) return false;
    runs += 1;
    if (!(await fails(smaller))) return false;
    smallest = smaller;
    return true;
  };
  for (const kind of ['network', 'disk'] as const)
    for (const fault of Object.keys(schedule[kind]))
      await isStillFailing({ ...smallest, [kind]: { ...smallest[kind], [fault]: 0 } });
  let size = Math.ceil(smallest.steps.length / 2);
  while (runs < mostRuns) {
    const before = smallest.steps.length;
    // From the end: what comes late depends on what came before.
    for (let at = before - size; at > -size; at -= size)
      await isStillFailing({ ...smallest, steps: without(smallest.steps, Math.max(at, 0), at + size) });
    if (size > 1) size = Math.ceil(size / 2);
    else if (smallest.steps.length === before) break;
  }
  return smallest;
}

/** The steps without those from `from` to before `to`. Those after them keep their times. */
function without(steps: readonly Step[], from: number, to: number): Step[] {
  const [kept, gone, [next, ...rest]] = [steps.slice(0, from), steps.slice(from, to), steps.slice(to)];
  if (next === undefined) return kept;
  const pauseMs = gone.reduce((sum, { afterMs }) => sum + afterMs, 0);
  return [...kept, { ...next, afterMs: next.afterMs + pauseMs }, ...rest];
}
