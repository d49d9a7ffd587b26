import { Rng } from '@quicprochat/testkit';
import { feedCore } from './core-randomness.ts';
import { SOUND } from './disk.ts';
import { happen, MOST_LAST_WORDS_MS } from './events.ts';
import { intrusions, sealedLate, unopened, unsettled, violations } from './invariants.ts';
import { Network, NO_FAULTS } from './network.ts';
import { find, Person } from './person.ts';
import { SimulatedRelay } from './relay.ts';
import type { Schedule } from './schedule.ts';
import { Scheduler } from './scheduler.ts';
import { Tally } from './tally.ts';
import { Trace } from './trace.ts';

const HANDLES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy'] as const;

/** How soon after the faults everything must settle. */
const SETTLES_WITHIN_MS = 10 * 60_000;
/** How long it must stay settled: longer than anything can be late. */
const STAYS_FOR_MS = 10_000;
/** How soon the other tabs of a device must show a change: before their own timers would find it. */
const TELLS_TABS_WITHIN_MS = 5_000;
/** How soon a device that could not open its Welcome must have published new key packages: with the client's next tick. */
const RENEWS_WITHIN_MS = 30_000;
/** How soon everyone must have registered and met. There are no faults yet. */
const BEGINS_WITHIN_MS = 10 * 60_000;

/** How many messages whoever can have been left behind says at the end. Those of a clone must stand in order. */
const LAST_WORDS = 3;

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
export async function simulate(schedule: Schedule): Promise<Outcome> {
  const trace = new Trace(200);
  const tally = new Tally();
  const rng = new Rng(schedule.seed);
  const scheduler = new Scheduler(new Rng(rng.below(2 ** 31)), trace);
  const beganMs = scheduler.nowMs;
  const stopFeeding = feedCore(new Rng(rng.below(2 ** 31)), scheduler);
  const { rateFactor } = schedule;
  const relay = await scheduler.answerOf(
    SimulatedRelay.create(scheduler, { seed: rng.below(2 ** 31), rateFactor }),
  );
  const network = new Network({ scheduler, relay, rng: new Rng(rng.below(2 ** 31)), tally });
  const people = HANDLES.slice(0, schedule.people + schedule.guests).map((handle, n) => {
    const isGuest = n >= schedule.people;
    return new Person({ handle, isGuest }, { scheduler, network, tally, seed: rng.below(2 ** 20) + n });
  });
  try {
    const found = await live({ scheduler, network, people, tally }, schedule);
    tally.add(
      'conversations joined anew',
      people.reduce((sum, { rescued }) => sum + rescued.size, 0),
    );
    tally.add('messages that could not be opened', await scheduler.answerOf(unopened(people)));
    const simulatedMs = scheduler.nowMs - beganMs;
    return {
      hash: trace.hash(),
      length: trace.length,
      simulatedMs,
      tally,
      violations: found,
      tail: trace.tail,
    };
  } finally {
    for (const person of people) person.closeAll();
    await scheduler.answerOf(relay.close());
    stopFeeding();
  }
}

interface World {
  scheduler: Scheduler;
  network: Network;
  people: Person[];
  tally: Tally;
}

async function live(world: World, schedule: Schedule): Promise<string[]> {
  const { scheduler, network, people, tally } = world;
  const ids = await meet(world, schedule.conversations);
  if (ids === undefined) return ['they never met'];

  network.faults = schedule.network;
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
  network.faults = NO_FAULTS;
  network.startRelay();
  for (const person of people) {
    person.diskFaults = SOUND;
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

/** Checks that everything settles, and then what has come of it. */
async function judge(world: World, ids: readonly string[]): Promise<string[]> {
  const { scheduler, people } = world;
  const left = () => ids.flatMap((id) => unsettled(people, id));
  const settles = () => staysSo(scheduler, () => left().length === 0);
  if (!(await settles())) return left();
  const found: string[] = [];
  for (const id of ids) found.push(...(await rescue(world, id)));
  if (found.length > 0) return found;
  // Whoever was added again has no receipt for what is in the log before something comes after it.
  for (const person of people.filter(({ canBeLeftBehind }) => canBeLeftBehind))
    for (const id of ids) person.sayMany(id, LAST_WORDS, { isSettled: true });
  if (!(await settles())) return left();
  // Read positions are not in the log: tabs learn of them through the storage alone.
  for (const person of people) for (const id of ids) person.read(id);
  if (!(await scheduler.runUntil(() => left().length === 0, TELLS_TABS_WITHIN_MS))) return left();
  found.push(...sealedLate(people), ...intrusions(people));
  for (const id of ids) found.push(...(await scheduler.answerOf(violations(people, id))));
  return found;
}

/**
 * Has somebody remove and add again whoever a clone has left behind. The first try can be made with a key package of the
 * clone, which the device answers with new ones.
 *
 * @returns one sentence for each who could not be removed or added
 */
async function rescue({ scheduler, people }: World, id: string): Promise<string[]> {
  const viewOf = ({ clients }: Person) => clients[0] && find(clients[0], id);
  const isStuck = (person: Person) => viewOf(person)?.state === 'stuck';
  const stuck = people.filter(isStuck);
  const members = people
    .filter(({ isGuest }) => !isGuest)
    .map(viewOf)
    .find((view) => view?.state === 'active')?.members;
  const failed: string[] = [];
  for (const person of stuck) {
    person.rescued.add(id);
    try {
      for (let tries = 0; tries < 2 && isStuck(person); tries += 1) {
        await scheduler.answerOf(Promise.resolve(members?.remove([person.handle])));
        await scheduler.answerOf(Promise.resolve(members?.add([person.handle])));
        await scheduler.runUntil(() => !isStuck(person), RENEWS_WITHIN_MS);
      }
    } catch (error) {
      failed.push(`${person.handle} could not be added again: ${String(error)}`);
    }
  }
  return failed;
}

/**
 * Runs until the condition has held for a while. What the relay accepted a moment ago, the others have not heard of yet,
 * and events that were late before the faults stopped are still under way.
 */
async function staysSo(scheduler: Scheduler, isSo: () => boolean): Promise<boolean> {
  const endMs = scheduler.nowMs + SETTLES_WITHIN_MS;
  while (await scheduler.runUntil(isSo, endMs - scheduler.nowMs)) {
    await scheduler.run(STAYS_FOR_MS);
    if (isSo()) return true;
  }
  return false;
}

/** Registers everyone, and lets the first person create conversations with the others. */
async function meet({ scheduler, people }: World, conversations: number): Promise<string[] | undefined> {
  for (const person of people) person.openTab();
  await scheduler.runUntil(() => people.every(({ clients }) => clients.length > 0), BEGINS_WITHIN_MS);
  const ids: string[] = [];
  for (let n = 0; n < conversations; n += 1) {
    const id = await beginOne(people, scheduler);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}

async function beginOne(people: readonly Person[], scheduler: Scheduler): Promise<string | undefined> {
  const [first, ...others] = people.filter(({ isGuest }) => !isGuest);
  let id: string | undefined;
  void first?.clients[0]?.conversations
    .create({ members: others.map(({ handle }) => handle) })
    .then((conversation) => (id = conversation.id));
  await scheduler.runUntil(() => id !== undefined && unsettled(people, id).length === 0, BEGINS_WITHIN_MS);
  return id;
}
