import { Rng } from '@quicprochat/testkit';
import { feedCore } from './core-randomness.ts';
import { unsettled } from './invariants.ts';
import { Network } from './network.ts';
import { Person } from './person.ts';
import { SimulatedRelay } from './relay.ts';
import { Scheduler } from './scheduler.ts';
import { Tally } from './tally.ts';
import { Trace } from './trace.ts';

const HANDLES = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi', 'ivan', 'judy'] as const;

/** How soon everyone must have registered and met. There are no faults yet. */
const BEGINS_WITHIN_MS = 10 * 60_000;

/** Who there is, and what they live in. */
export interface World {
  trace: Trace;
  scheduler: Scheduler;
  network: Network;
  people: Person[];
  tally: Tally;
}

/** What a world is made from. The same gives the same. */
export interface Beginning {
  seed: number;
  /** How many people are in each conversation from beginning to end. */
  people: number;
  /** How many more come and go. They are the last of the people. */
  guests: number;
  /** Whether the first of those who come and go is hostile. */
  hasHostileGuest: boolean;
  /** Multiplies the relay’s rate limits. */
  rateFactor: number;
}

/** Makes a world, lets something happen in it, and closes it. The core must have been loaded in this thread. */
export async function inWorld<Result>(
  beginning: Beginning,
  live: (world: World) => Promise<Result>,
): Promise<Result> {
  const { people: regulars, guests, hasHostileGuest, rateFactor } = beginning;
  const trace = new Trace(200);
  const tally = new Tally();
  const rng = new Rng(beginning.seed);
  const scheduler = new Scheduler(new Rng(rng.below(2 ** 31)), trace);
  const stopFeeding = feedCore(new Rng(rng.below(2 ** 31)), scheduler);
  const relay = await scheduler.answerOf(
    SimulatedRelay.create(scheduler, { seed: rng.below(2 ** 31), rateFactor }),
  );
  const network = new Network({ scheduler, relay, rng: new Rng(rng.below(2 ** 31)), tally });
  const people = HANDLES.slice(0, regulars + guests).map((handle, n) => {
    const isGuest = n >= regulars;
    const isHostile = hasHostileGuest && n === regulars;
    return new Person(
      { handle, isGuest, isHostile },
      { scheduler, network, tally, seed: rng.below(2 ** 20) + n },
    );
  });
  try {
    return await live({ trace, scheduler, network, people, tally });
  } finally {
    for (const person of people) person.closeAll();
    await scheduler.answerOf(relay.close());
    stopFeeding();
  }
}

/**
 * Registers everyone, and lets the first person create conversations with the others.
 *
 * @returns the ids of the conversations; undefined if that did not come to an end
 */
export async function meet(
  { scheduler, people }: World,
  conversations: number,
): Promise<string[] | undefined> {
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
