import type { WorkerRequest, WorkerResponse } from '@quicprochat/sdk/testing';
import type { Rng } from '@quicprochat/testkit';

/** How often a hostile member's program changes what its core has made. */
const OFTEN = 0.3;

/** How many messages of the group it keeps, to bring them again. */
const KEPT = 50;

/** The longest garbage, in bytes. */
const MOST_GARBAGE = 1_000;

/** Calls to the core that make a commit for the relay. */
const COMMITS: ReadonlySet<string> = new Set([
  'group.add',
  'group.remove',
  'group.selfUpdate',
  'group.commitProposals',
]);

/**
 * The program of a hostile member. Between its core and the relay it puts something else into the place of messages and
 * commits: garbage, a flipped bit, what any member has posted before, in this epoch or in earlier ones, or a commit into
 * an epoch whose key the relay does not know. Its own client believes that all went out as its core made it.
 */
export class Mischief {
  readonly #rng: Rng;
  #seen: Uint8Array[] = [];
  /** Ended with the faults. */
  isOn = false;

  constructor(rng: Rng) {
    this.#rng = rng;
  }

  /** Returns what the client is told of what the worker has done. */
  meddle(request: WorkerRequest, response: WorkerResponse): WorkerResponse {
    if (!response.ok || !this.isOn) return response;
    if (request.name === 'group.open') this.#see(request.data.messages);
    if (request.name === 'group.process') this.#see([request.data.message]);
    const { result } = response;
    if (request.name === 'group.encrypt') {
      const messages = result as Uint8Array[];
      this.#see(messages);
      return { ...response, result: messages.map((message) => this.#other(message)) };
    }
    if (request.name === 'group.leave') return { ...response, result: this.#other(result as Uint8Array) };
    if (!COMMITS.has(request.name)) return response;
    const bundle = result as { commit: Uint8Array; nextAccessKey: Uint8Array };
    const isWrongKey = this.#rng.chance(OFTEN);
    const lie = isWrongKey ? { nextAccessKey: this.#garbage(32) } : { commit: this.#other(bundle.commit) };
    return { ...response, result: { ...bundle, ...lie } };
  }

  #see(messages: readonly Uint8Array[]): void {
    this.#seen = [...this.#seen, ...messages].slice(-KEPT);
  }

  #other(message: Uint8Array): Uint8Array {
    if (!this.#rng.chance(OFTEN)) return message;
    const choices = [
      () => this.#garbage(1 + this.#rng.below(MOST_GARBAGE)),
      () => this.#flipped(message),
      () => (this.#seen.length > 0 ? this.#rng.pick(this.#seen) : message),
    ];
    return this.#rng.pick(choices)();
  }

  #garbage(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.#rng.below(256));
  }

  #flipped(message: Uint8Array): Uint8Array {
    const bit = this.#rng.below(message.length * 8);
    return message.map((byte, n) => (n === bit >> 3 ? byte ^ (1 << (bit & 7)) : byte));
  }
}
