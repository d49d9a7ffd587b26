import { Rng } from '@quicprochat/testkit';
import type { Person } from './person.ts';
import { between, type EventName, type Step } from './schedule.ts';

/** How many messages a burst has. Two calls to the relay carry the largest, and healing falls due within it. */
const BURST = { least: 5, most: 150 };

/** The longest time from sending a message to cancelling it. */
const MOST_THOUGHT_MS = 300;

/** The longest time from a tab's commit to its death, for tabs that are killed after a commit. */
export const MOST_LAST_WORDS_MS = 12;

/** What the events happen to: the people, and the ids of the conversations that all of them are in. */
export interface Scene {
  people: readonly Person[];
  ids: readonly string[];
}

/** Lets the event of a step happen. */
export function happen({ people, ids }: Scene, step: Step): void {
  const person = people[step.person] as Person;
  const id = ids[step.conversation] as string;
  const rng = new Rng(step.lot);
  // Somebody must be there who can add the others again.
  const mayBeLeftBehind = people.some((other) => other !== person && !other.canBeLeftBehind);
  const events: Record<EventName, () => void> = {
    say: () => person.say(id),
    sayMany: () => person.sayMany(id, between(BURST, rng)),
    sayAndCancel: () => person.say(id, rng.below(MOST_THOUGHT_MS)),
    heal: () => person.heal(id),
    read: () => person.read(id),
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
  events[step.event]();
}
