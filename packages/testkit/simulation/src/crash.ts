import { unsettled } from './invariants.ts';
import { judge } from './judge.ts';
import type { Person } from './person.ts';
import { inWorld, meet, type World } from './world.ts';

/** Two who stay, and one who comes and goes. */
interface Cast {
  world: World;
  /** The conversation that they are in. */
  id: string;
  alice: Person;
  bob: Person;
  guest: Person;
}

/** Something that a tab can die in the middle of. */
interface Operation {
  /** What has to be so before. */
  prepare?: (cast: Cast) => void;
  /** Whose tab dies. */
  whose: (cast: Cast) => Person;
  begin: (cast: Cast) => void;
}

/** How many messages somebody has missed. */
const MISSED = 5;

export const OPERATIONS = {
  send: { whose: aliceOf, begin: ({ alice, id }) => alice.say(id) },
  add: { whose: aliceOf, begin: invite },
  remove: {
    prepare: invite,
    whose: aliceOf,
    begin: ({ alice, guest, id }) => alice.remove(id, guest.handle),
  },
  update: { whose: aliceOf, begin: ({ alice, id }) => alice.heal(id) },
  join: { whose: guestOf, begin: invite },
  leave: { prepare: invite, whose: guestOf, begin: ({ guest, id }) => guest.leave(id) },
  sync: {
    prepare: (cast) => {
      cast.bob.cutOff({ isTold: false });
      goOn(cast);
    },
    whose: bobOf,
    begin: ({ bob }) => bob.reconnect({ isTold: true }),
  },
  open: {
    prepare: (cast) => {
      cast.bob.killTab();
      goOn(cast);
    },
    whose: bobOf,
    begin: ({ bob }) => bob.openTab(),
  },
} satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;

/** How an operation went in whose course a tab died. */
export interface Crashed {
  /** How many events the tab had after its last death, until all had settled. */
  events: number;
  /** One sentence per violation. */
  violations: string[];
}

/** How long what comes before an operation may take. */
const PREPARES_WITHIN_MS = 60_000;
/** How soon everything must have settled. */
const SETTLES_WITHIN_MS = 10 * 60_000;

/**
 * Lets a tab die in the middle of an operation, before the n-th of its events, and opens another one. With a second number
 * that one dies, too. In the end everybody says something, so that nobody can be stuck unnoticed.
 */
export function crash(name: OperationName, deaths: readonly number[]): Promise<Crashed> {
  return inWorld(
    { seed: 1, people: 2, guests: 1, hasHostileGuest: false, rateFactor: 1_000 },
    async (world) => {
      const [id] = (await meet(world, 1)) ?? [];
      const [alice, bob, guest] = world.people;
      if (id === undefined || alice === undefined || bob === undefined || guest === undefined)
        return { events: 0, violations: ['they never met'] };
      const cast = { world, id, alice, bob, guest };
      const operation: Operation = OPERATIONS[name];
      operation.prepare?.(cast);
      await world.scheduler.run(PREPARES_WITHIN_MS);
      const victim = operation.whose(cast);
      victim.dieAt(deaths);
      operation.begin(cast);
      const isSettled = () => unsettled(world.people, id).length === 0;
      await world.scheduler.runUntil(isSettled, SETTLES_WITHIN_MS);
      const { events } = victim;
      victim.dieAt([]);
      for (const person of world.people) person.say(id);
      return { events, violations: await judge(world, [id]) };
    },
  );
}

function invite({ alice, guest, id }: Cast): void {
  alice.invite(id, guest.handle);
}

/** What bob misses. */
function goOn({ alice, id }: Cast): void {
  alice.sayMany(id, MISSED);
  alice.heal(id);
  alice.sayMany(id, MISSED);
}

function aliceOf({ alice }: Cast): Person {
  return alice;
}

function bobOf({ bob }: Cast): Person {
  return bob;
}

function guestOf({ guest }: Cast): Person {
  return guest;
}
