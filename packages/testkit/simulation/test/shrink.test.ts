import { expect, test } from 'vitest';
import { scheduleOf, type EventName, type Schedule } from '../src/schedule.ts';
import { shrink } from '../src/shrink.ts';

const LONG = scheduleOf(7);

/** When each step of a schedule happens, by its lot. */
function timesOf({ steps }: Schedule): Map<number, number> {
  let atMs = 0;
  return new Map(steps.map(({ lot, afterMs }) => [lot, (atMs += afterMs)]));
}

const has = ({ steps }: Schedule, event: EventName) => steps.some((step) => step.event === event);

test('what is left of a schedule is what it cannot fail without, at the times it had', async () => {
  const needed = [LONG.steps[11], LONG.steps[40], LONG.steps[41]];
  const smallest = await shrink(LONG, async ({ steps }) =>
    needed.every((step) => steps.some(({ lot }) => lot === step?.lot)),
  );
  expect(smallest.steps.map(({ lot }) => lot)).toEqual(needed.map((step) => step?.lot));
  const [before, after] = [timesOf(LONG), timesOf(smallest)];
  for (const [lot, atMs] of after) expect(atMs).toBe(before.get(lot));
});

test('faults that a failure does not need are taken out, and those that it needs stay', async () => {
  const faulty = { ...LONG, network: { ...LONG.network, lostCall: 0.1, late: 0.3 } };
  const smallest = await shrink(faulty, async ({ network }) => network.lostCall > 0);
  expect(smallest.network.lostCall).toBe(0.1);
  expect(smallest.network.late).toBe(0);
  expect(smallest.steps).toEqual([]);
});

test('after the most runs, what is left still fails', async () => {
  let runs = 0;
  const fails = async (schedule: Schedule) => ((runs += 1), has(schedule, 'say'));
  const smallest = await shrink(LONG, fails, 9);
  expect(runs).toBe(9);
  expect(has(smallest, 'say')).toBe(true);
});

test('a schedule that is written to a file and read again is the same', () => {
  expect(JSON.parse(JSON.stringify(LONG))).toEqual(LONG);
});
