import { Rng } from '@quicprochat/testkit';
import type { Network } from './network.ts';
import type { Person } from './person.ts';
import { between, type EventName, type Step } from './schedule.ts';
import type { Scheduler } from './scheduler.ts';

/** How many messages a burst has. Two calls to the relay carry the largest, and healing falls due within it. */
const BURST = { least: 5, most: 150 };

/**
 * What long texts are made of. JSON takes two or six bytes for one that it escapes, UTF-8 up to four for another; and of
 * a half of a surrogate pair UTF-8 alone would keep nothing.
 */
const FILLERS = ['"', '\u0001', '€', '😀', '\ud83d'];

/** How many long texts are sent at once. The relay takes 62 of them in one call. */
const LONG = [1, 1, 1, 1, 1, 1, 1, 1, 1, 66];

/** How many of them are too long. */
const TOO_LONG = 0.2;

/** The longest time from sending a message to cancelling it. */
const MOST_THOUGHT_MS = 300;

/** The longest time from a tab's commit to its death, for tabs that are killed after a commit. */
export const MOST_LAST_WORDS_MS = 12;

/** The longest delay of a slow link. */
const MOST_SLOW_MS = 5_000;

/** The longest time that a tab stays frozen: longer than a stream is silent. */
const MOST_FROZEN_MS = 90_000;

/** The pace of a narrow link, in bytes per second. */
const NARROW = { least: 1_500, most: 10_000 };

/** The longest time that a link stays frozen. */
const MOST_FROZEN_LINK_MS = 90_000;

/** How far a clock can be off. The relay corrects up to 48 hours. */
const MOST_OFF_MS = 47 * 3_600_000;

/** The longest time that the relay is down. */
const MOST_DOWN_MS = 20_000;

/** The shortest time that the relay is down while a backup is restored: by then, what it had begun is done. */
const RESTORED_AFTER_MS = 1_000;

/** What the events happen to. */
export interface Scene {
  scheduler: Scheduler;
  network: Network;
  people: readonly Person[];
  /** The ids of the conversations that everybody is in. */
  ids: readonly string[];
}

/** Lets the event of a step happen. */
export function happen(scene: Scene, step: Step): void {
  const { network, people, ids } = scene;
  const person = people[step.person] as Person;
  const regulars = people.filter(({ isGuest }) => !isGuest);
  const guests = people.filter(({ isGuest }) => isGuest);
  const id = ids[step.conversation] as string;
  const rng = new Rng(step.lot);
  // One regular must be left who can add the others again.
  const mayBeLeftBehind =
    !person.isGuest && regulars.some((other) => other !== person && !other.canBeLeftBehind);
  const events: Record<EventName, () => void> = {
    say: () => person.say(id),
    sayMany: () => person.sayMany(id, between(BURST, rng)),
    sayAndCancel: () => person.say(id, rng.below(MOST_THOUGHT_MS)),
    heal: () => person.heal(id),
    read: () => person.read(id),
    killTab: () => person.killTab(),
    killAfterCommit: () => person.killTabAfterCommit(rng.below(MOST_LAST_WORDS_MS)),
    openTab: () => person.openTab(),
    putBack: () => {
      if (!person.isGuest) person.putBack({ mayBeLeftBehind });
    },
    clone: () => {
      if (mayBeLeftBehind) person.clone();
    },
    endClone: () => person.endClone(),
    intrude: () => person.intrude(),
    changeSecret: () => person.changeSecret(),
    cutOff: () => person.cutOff({ isTold: rng.chance(0.5) }),
    slowDown: () => person.slowDown(rng.below(MOST_SLOW_MS)),
    reconnect: () => person.reconnect({ isTold: rng.chance(0.5) }),
    inviteGuest: () => {
      if (guests.length > 0) rng.pick(regulars).invite(id, rng.pick(guests).handle);
    },
    removeGuest: () => {
      if (guests.length > 0) rng.pick(regulars).remove(id, rng.pick(guests).handle);
    },
    leaveAsGuest: () => {
      if (guests.length > 0) rng.pick(guests).leave(id);
    },
    freezeTab: () => person.freezeTab(rng.below(MOST_FROZEN_MS)),
    setClock: () => person.setClock(rng.below(2 * MOST_OFF_MS) - MOST_OFF_MS),
    restartRelay: () => restartRelay(scene, rng.below(MOST_DOWN_MS)),
    backUpRelay: () => network.backUpRelay(),
    restoreRelay: () => restoreRelay(scene, id, RESTORED_AFTER_MS + rng.below(MOST_DOWN_MS)),
    sayLong: () =>
      person.sayLong(id, rng.pick(LONG), { filler: rng.pick(FILLERS), isTooLong: rng.chance(TOO_LONG) }),
    narrow: () => person.narrow(between(NARROW, rng)),
    freezeLink: () =>
      person.freezeLink(id, { forMs: rng.below(MOST_FROZEN_LINK_MS), breaks: rng.chance(0.5) }),
  };
  events[step.event]();
}

function restartRelay({ scheduler, network }: Scene, downMs: number): void {
  network.stopRelay();
  scheduler.after(downMs, 'the relay starts', () => network.startRelay());
}

/** Everybody says something meanwhile: calls that wait must end, also where their conversation cannot go on afterwards. */
function restoreRelay({ scheduler, network, people }: Scene, id: string, downMs: number): void {
  network.stopRelay();
  for (const person of people) person.say(id);
  scheduler.after(downMs, 'the relay is restored', () => void network.restoreRelay());
}
