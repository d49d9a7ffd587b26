import { SOUND } from './disk.ts';
import { happen, MOST_LAST_WORDS_MS } from './events.ts';
import { unopened } from './invariants.ts';
import { judge } from './judge.ts';
import { NO_FAULTS } from './network.ts';
import type { Schedule } from './schedule.ts';
import type { Tally } from './tally.ts';
import { inWorld, meet, type World } from './world.ts';

/** How a run ended. */
export interface Outcome {
  /** The hash of the trace. */
  hash: string;
  /** The number of events. */
  length: number;
  /** How long it took, in simulated time. */
  simulatedMs: number;
  /** Steps and faults by name, and what came of clones. */
  tally: Tally;
  /** One sentence per violation. Empty if the run passed. */
  violations: string[];
  /** The last lines of the trace. */
  tail: readonly string[];
}

/** Runs a schedule from beginning to end. The core must have been loaded in this thread. */
export function simulate(schedule: Schedule): Promise<Outcome> {
  return inWorld(schedule, async (world) => {
    const { trace, scheduler, people, tally } = world;
    const beganMs = scheduler.nowMs;
    const violations = await live(world, schedule);
    tally.add(
      'conversations joined anew',
      people.reduce((sum, { rescued }) => sum + rescued.size, 0),
    );
    tally.add('messages that could not be opened', await scheduler.answerOf(unopened(people)));
    return {
      hash: trace.hash(),
      length: trace.length,
      simulatedMs: scheduler.nowMs - beganMs,
      tally,
      violations,
      tail: trace.tail,
    };
  });
}

async function live(world: World, schedule: Schedule): Promise<string[]> {
  const { scheduler, network, people, tally } = world;
  const ids = await meet(world, schedule.conversations);
  if (ids === undefined) return ['they never met'];

  network.faults = schedule.network;
  for (const { isHostile, mischief } of people) mischief.isOn = isHostile;
  for (const person of people) person.diskFaults = schedule.disk;
  for (const step of schedule.steps) {
    await scheduler.run(step.afterMs);
    tally.add(step.event);
    happen({ scheduler, network, people, ids }, step);
  }
  await endFaults(world);
  return judge(world, ids);
}

async function endFaults({ scheduler, network, people }: World): Promise<void> {
  // Nobody can know of an event that was withheld, before the next one or the end of the stream.
  if (network.faults.lyingEvent > 0) network.stopRelay();
  network.faults = NO_FAULTS;
  network.startRelay();
  for (const person of people) {
    person.diskFaults = SOUND;
    person.mischief.isOn = false;
    person.thawTabs();
    person.spareTabs();
  }
  await scheduler.run(MOST_LAST_WORDS_MS);
  for (const person of people) {
    person.endClone();
    person.reconnect({ isTold: false });
    if (!person.isOpen) person.openTab();
  }
}
