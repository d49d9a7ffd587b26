/** Application messages on their way: to whom, and which may arrive next without falling out of a window. */
import type { Rng } from '@quicprochat/testkit';

/** Epochs whose messages still open after they ended. */
const PAST_EPOCHS = 2;
/** How many places behind a sender's newest message an older one may arrive. */
const OUT_OF_ORDER = 16;

interface Sent {
  message: number;
  by: string;
  epoch: number;
}

interface Flight extends Sent {
  to: string;
  /** Its place among the messages of its author in its epoch. */
  generation: number;
}

export class Flights {
  readonly #rng: Rng;
  #under: Flight[] = [];
  readonly #said = new Map<string, number>();
  readonly #newest = new Map<string, number>();

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Sends a message to all members but its author. */
  send(sent: Sent, members: readonly string[]): void {
    const ratchet = `${sent.by} ${sent.epoch}`;
    const generation = this.#said.get(ratchet) ?? 0;
    this.#said.set(ratchet, generation + 1);
    const others = members.filter((name) => name !== sent.by);
    this.#under.push(...others.map((to) => ({ ...sent, to, generation })));
  }

  /** Up to `count` arrivals, in an order that leaves every other message a chance to arrive. */
  land(count: number, among: (flight: Flight) => boolean = () => true): Flight[] {
    const landed: Flight[] = [];
    while (landed.length < count) {
      const able = this.#under.filter((flight) => among(flight) && this.#mayLand(flight));
      if (able.length === 0) break;
      const flight = this.#rng.pick(able);
      this.#under.splice(this.#under.indexOf(flight), 1);
      this.#newest.set(ratchetOf(flight), Math.max(flight.generation, this.#newestOf(flight)));
      landed.push(flight);
    }
    return landed;
  }

  /** Everything that would not open any more in that epoch. */
  landBeforeEpoch(epoch: number): Flight[] {
    return this.land(Infinity, (flight) => flight.epoch < epoch - PAST_EPOCHS);
  }

  /** Gives up what is on its way to someone who is not a member any more. */
  lose(to: string): void {
    this.#under = this.#under.filter((flight) => flight.to !== to);
  }

  #mayLand(flight: Flight): boolean {
    const newest = Math.max(flight.generation, this.#newestOf(flight));
    return this.#under.every(
      (other) => ratchetOf(other) !== ratchetOf(flight) || newest - other.generation < OUT_OF_ORDER,
    );
  }

  #newestOf(flight: Flight): number {
    return this.#newest.get(ratchetOf(flight)) ?? -1;
  }
}

/** Each recipient has a ratchet of its own for each author and epoch. */
function ratchetOf({ to, by, epoch }: Flight): string {
  return `${to} ${by} ${epoch}`;
}
