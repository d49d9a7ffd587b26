import { Rng } from '@quicprochat/testkit';
import { feedCore } from './core-randomness.ts';
import { intrusions, sealedLate, unopened, unsettled, violations } from './invariants.ts';
import { SOUND } from './disk.ts';
import { Network, NO_FAULTS } from './network.ts';
import { find, Person } from './person.ts';
import { SimulatedRelay } from './relay.ts';
import { Scheduler } from './scheduler.ts';
import { Trace } from './trace.ts';

const PEOPLE = ['alice', 'bob', 'carol'] as const;

/** How long faults last, and how soon after them everything must settle. */
const FAULTY_MS = 60_000;
const SETTLES_WITHIN_MS = 10 * 60_000;
/** How long it must stay settled: longer than anything can be late. */
const STAYS_FOR_MS = 10_000;
/** How soon the other tabs of a device must show a change: before their own timers would find it. */
const TELLS_TABS_WITHIN_MS = 5_000;
/** How soon a device that could not open its Welcome must have published new key packages: with the client's next tick. */
const RENEWS_WITHIN_MS = 30_000;
/** How soon everyone must have registered and met. There are no faults yet. */
const BEGINS_WITHIN_MS = 60_000;
/** The mean time between two events. */
const PAUSE_MS = 1_500;

/** How many messages a burst has. Two calls to the relay carry the largest, and healing falls due within it. */
const BURST = { least: 5, most: 150 };

/** How many messages whoever can have been left behind says at the end. Those of a clone must stand in order. */
const LAST_WORDS = 3;

/** The longest time from sending a message to cancelling it. */
const MOST_THOUGHT_MS = 300;

/** The longest time from a tab's commit to its death, for tabs that are killed after a commit. */
const MOST_LAST_WORDS_MS = 12;

/** The possible probabilities of a fault, in runs that have it. */
const PROBABILITIES = [0.02, 0.1, 0.3];

/** Of a fault of the disk, which each transaction uses several times. */
const DISK_PROBABILITIES = [0.005, 0.02, 0.1];

/** The most conversations in a run. All people are in each of them. */
const MOST_CONVERSATIONS = 3;

/** The events, and their highest weights. */
const EVENTS = {
  say: 50,
  sayMany: 5,
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
  reconnect: 10,
};

/** How a run ended. */
export interface Outcome {
  seed: number;
  /** The hash of the trace. */
  hash: string;
  /** The number of events. */
  length: number;
  clones: Clones;
  /** One sentence per violation. Empty if the run passed. */
  violations: string[];
  /** The last lines of the trace. */
  tail: readonly string[];
}

/** What came of clones in a run. */
export interface Clones {
  /** How many were made. */
  made: number;
  /** How many conversations could not be followed any more, until the device was added again. */
  stuck: number;
  /** How many messages could not be opened, since a copy had used their keys. */
  unopened: number;
}

/** Runs one seed from beginning to end. The core must have been loaded in this thread. */
export async function simulate(seed: number): Promise<Outcome> {
  const trace = new Trace(200);
  const rng = new Rng(seed);
  const scheduler = new Scheduler(new Rng(rng.below(2 ** 31)), trace);
  const stopFeeding = feedCore(new Rng(rng.below(2 ** 31)), scheduler);
  const relay = await scheduler.answerOf(SimulatedRelay.start(scheduler, rng.below(2 ** 31)));
  const network = new Network({ scheduler, relay, rng: new Rng(rng.below(2 ** 31)) });
  const people = PEOPLE.map(
    (handle, n) => new Person(handle, { scheduler, network, seed: rng.below(2 ** 20) + n }),
  );
  try {
    const found = await live({ scheduler, network, people, rng });
    const clones = {
      made: people.reduce((sum, { clones }) => sum + clones, 0),
      stuck: people.reduce((sum, { rescued }) => sum + rescued.size, 0),
      unopened: await scheduler.answerOf(unopened(people)),
    };
    const { length, tail } = trace;
    return { seed, hash: trace.hash(), length, clones, violations: found, tail };
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
  rng: Rng;
}

async function live(world: World): Promise<string[]> {
  const { scheduler, network, people, rng } = world;
  const ids = await meet(world);
  if (ids === undefined) return ['they never met'];

  network.faults = choose(NO_FAULTS, rng);
  const isDiskFaulty = rng.chance(0.5);
  for (const person of people)
    person.diskFaults = isDiskFaulty ? choose(SOUND, rng, DISK_PROBABILITIES) : SOUND;
  const weights = chooseWeights(rng);
  const endMs = scheduler.nowMs + FAULTY_MS;
  while (scheduler.nowMs < endMs) {
    await scheduler.runUntil(() => false, rng.below(2 * PAUSE_MS));
    happen(world, { weights, conversationId: rng.pick(ids) });
  }
  network.faults = NO_FAULTS;
  for (const person of people) {
    person.diskFaults = SOUND;
    person.spareTabs();
  }
  await scheduler.runUntil(() => false, MOST_LAST_WORDS_MS);
  for (const person of people) {
    person.endClone();
    person.reconnect();
    if (!person.isOpen) person.openTab();
  }
  return judge(world, ids);
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
  const members = people.map(viewOf).find((view) => view?.state === 'active')?.members;
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
    await scheduler.runUntil(() => false, STAYS_FOR_MS);
    if (isSo()) return true;
  }
  return false;
}

/** Registers everyone, and lets the first person create conversations with the others. */
async function meet({ scheduler, people, rng }: World): Promise<string[] | undefined> {
  for (const person of people) person.openTab();
  await scheduler.runUntil(() => people.every(({ clients }) => clients.length > 0), BEGINS_WITHIN_MS);
  const ids: string[] = [];
  for (let n = 1 + rng.below(MOST_CONVERSATIONS); n > 0; n--) {
    const id = await beginOne(people, scheduler);
    if (id === undefined) return undefined;
    ids.push(id);
  }
  return ids;
}

async function beginOne(people: readonly Person[], scheduler: Scheduler): Promise<string | undefined> {
  const [first, ...others] = people;
  let id: string | undefined;
  void first?.clients[0]?.conversations
    .create({ members: others.map(({ handle }) => handle) })
    .then((conversation) => (id = conversation.id));
  await scheduler.runUntil(() => id !== undefined && unsettled(people, id).length === 0, BEGINS_WITHIN_MS);
  return id;
}

/**
 * Picks the faults of a run. Each run has only some of them, because one fault can hide another: a stream that breaks
 * makes the client send again, so a missing retry shows only in runs whose streams stay up.
 */
function choose<Faults extends Record<keyof Faults, number>>(
  none: Faults,
  rng: Rng,
  probabilities = PROBABILITIES,
): Faults {
  const chosen = { ...none };
  for (const fault of Object.keys(chosen) as (keyof Faults)[])
    if (rng.chance(0.5)) chosen[fault] = rng.pick(probabilities) as Faults[keyof Faults];
  return chosen;
}

function chooseWeights(rng: Rng): typeof EVENTS {
  const chosen = { ...EVENTS };
  for (const event of Object.keys(chosen) as (keyof typeof EVENTS)[])
    if (event !== 'say') chosen[event] = rng.below(EVENTS[event] + 1);
  return chosen;
}

/** Lets one random event happen to a random person. */
function happen(
  { people, rng }: World,
  { weights, conversationId }: { weights: typeof EVENTS; conversationId: string },
): void {
  const person = rng.pick(people);
  // Somebody must be there who can add the others again.
  const mayBeLeftBehind = people.some((other) => other !== person && !other.canBeLeftBehind);
  const events: Record<keyof typeof EVENTS, () => void> = {
    say: () => person.say(conversationId),
    sayMany: () => person.sayMany(conversationId, BURST.least + rng.below(BURST.most - BURST.least + 1)),
    sayAndCancel: () => person.say(conversationId, rng.below(MOST_THOUGHT_MS)),
    heal: () => person.heal(conversationId),
    read: () => person.read(conversationId),
    killTab: () => person.killTab(),
    killAfterCommit: () => person.killTabAfterCommit(rng.below(MOST_LAST_WORDS_MS)),
    openTab: () => person.openTab(),
    putBack: () => person.putBack({ mayBeLeftBehind }),
    clone: () => {
      if (mayBeLeftBehind) person.clone();
    },
    endClone: () => person.endClone(),
    intrude: () => person.intrude(),
    changeSecret: () => person.changeSecret(),
    cutOff: () => person.cutOff(),
    reconnect: () => person.reconnect(),
  };
  let lot = rng.below(Object.values(weights).reduce((sum, weight) => sum + weight, 0));
  for (const [event, weight] of Object.entries(weights) as [keyof typeof EVENTS, number][]) {
    if (lot < weight) return events[event]();
    lot -= weight;
  }
}
