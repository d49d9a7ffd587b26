/**
 * A random history of a group, from a seed. Scripts are pure data: a seed replays the same steps, whatever keys are made
 * on the way. Only what MLS and the core's policy allow is written, so every step must succeed.
 */
import { Rng } from '@quicprochat/testkit';
import type { Implementation, SuiteNumber } from './peer.ts';
import { SUITES } from './peer.ts';
import { Flights } from './flights.ts';
import { Seats } from './seats.ts';

export interface Person {
  name: string;
  implementation: Implementation;
}

export type Step =
  | { do: 'create'; by: string }
  | {
      do: 'commit';
      by: string;
      add: string[];
      remove: string[];
      /** How many fresh PSKs are mixed in. */
      psks: number;
      /** Has none of them at first, cannot follow or join, and can once it has them. */
      unknowing?: string;
      /** Stages an update for the same epoch first, loses, and drops it. */
      rival?: string;
      /** A bit of the commit, as a fraction of its length: flipped, nobody takes it. */
      flip?: number;
    }
  | { do: 'propose'; by: string; what: Proposed }
  | { do: 'say'; by: string; message: number; bytes: number }
  | { do: 'deliver'; to: string; message: number; replayed: boolean };

type Proposed = 'update' | 'leave';

export interface Script {
  seed: number;
  suite: SuiteNumber;
  people: Person[];
  steps: Step[];
}

/** Lengths around the edges of frames; most messages are short. */
const LENGTHS = [0, 1, 20, 60, 200, 254, 255, 256, 257, 600, 1_100];
const MAX_MEMBERS = 8;

export function writeScript(seed: number): Script {
  return new Writer(seed).write();
}

class Writer {
  readonly #seed: number;
  readonly #rng: Rng;
  readonly #people: Person[];
  readonly #flights: Flights;
  readonly #steps: Step[] = [];
  readonly #members: string[] = [];
  readonly #pending = new Map<string, Proposed>();
  #seats = new Seats();
  #epoch = 0;
  #messages = 0;

  constructor(seed: number) {
    this.#seed = seed;
    this.#rng = new Rng(seed);
    this.#people = this.#cast();
    this.#flights = new Flights(this.#rng);
  }

  write(): Script {
    this.#open();
    const actions = 12 + this.#rng.below(8);
    for (let action = 0; action < actions; action++) this.#act();
    this.#close();
    const suite = SUITES[this.#seed % SUITES.length]!;
    return { seed: this.#seed, suite, people: this.#people, steps: this.#steps };
  }

  /** Five to ten devices, at least two of each implementation. */
  #cast(): Person[] {
    const people: Implementation[] = ['ours', 'ours', 'ts-mls', 'ts-mls'];
    const more = 1 + this.#rng.below(6);
    for (let index = 0; index < more; index++) people.push(this.#rng.pick(['ours', 'ts-mls']));
    return this.#rng
      .sample(people, people.length)
      .map((implementation, index) => ({ name: `${implementation}-${index}`, implementation }));
  }

  #open(): void {
    const founder = this.#rng.pick(this.#people).name;
    this.#steps.push({ do: 'create', by: founder });
    this.#members.push(founder);
    this.#seats = this.#seats.after([], [founder]);
    this.#commit({ by: founder, add: this.#rng.sample(this.#outside(), 1 + this.#rng.below(4)), remove: [] });
  }

  #act(): void {
    const roll = this.#rng.below(100);
    if (roll < 35) this.#say(1);
    else if (roll < 38) this.#say(6 + this.#rng.below(14));
    else if (roll < 55) this.#deliver(1 + this.#rng.below(8));
    else if (roll < 65) this.#propose();
    else this.#change();
  }

  /** Everyone hears everyone once more, in an epoch without anything pending. */
  #close(): void {
    if (this.#pending.size > 0) this.#change();
    for (const by of this.#rng.sample(this.#members, this.#members.length)) this.#sayOne(by);
    this.#deliver(Infinity);
  }

  #say(count: number): void {
    if (this.#pending.size > 0 || this.#members.length < 2) return;
    const by = this.#rng.pick(this.#members);
    for (let index = 0; index < count; index++) this.#sayOne(by);
  }

  #sayOne(by: string): void {
    const message = this.#messages++;
    this.#steps.push({ do: 'say', by, message, bytes: this.#rng.pick(LENGTHS) });
    this.#flights.send({ message, by, epoch: this.#epoch }, this.#members);
  }

  #deliver(count: number): void {
    this.#arrive(this.#flights.land(count));
  }

  #arrive(arrivals: { to: string; message: number }[]): void {
    for (const { to, message } of arrivals) {
      this.#steps.push({ do: 'deliver', to, message, replayed: this.#rng.chance(0.1) });
    }
  }

  #propose(): void {
    const able = this.#members.filter((name) => !this.#pending.has(name));
    // Somebody has to be left to commit it.
    if (able.length < 2) return;
    const by = this.#rng.pick(able);
    const mayLeave = this.#seats.after([...this.#leaving(), by], []).hasLeftHalf;
    const what = mayLeave && this.#rng.chance(0.25) ? 'leave' : 'update';
    this.#pending.set(by, what);
    this.#steps.push({ do: 'propose', by, what });
  }

  #change(): void {
    const by = this.#rng.pick(this.#members.filter((name) => this.#canCommit(name)));
    // The core adds and removes in two commits; ts-mls does both in one.
    const kinds = this.#isOurs(by)
      ? (['add', 'remove', 'update'] as const)
      : (['add', 'remove', 'both', 'update'] as const);
    const kind = this.#rng.pick(kinds);
    const add = kind === 'add' || kind === 'both' ? this.#newcomers() : [];
    const remove = kind === 'remove' || kind === 'both' ? this.#removable(by) : [];
    const isPlayable = this.#seats.after([...this.#leaving(), ...remove], add).hasLeftHalf;
    this.#commit({ by, add, remove: isPlayable ? remove : [] });
  }

  #newcomers(): string[] {
    const room = MAX_MEMBERS - this.#members.length;
    return this.#rng.sample(this.#outside(), Math.min(room, 1 + this.#rng.below(3)));
  }

  /** One or two members, none that has something pending: two proposals for one leaf are invalid. */
  #removable(by: string): string[] {
    const able = this.#members.filter((name) => name !== by && !this.#pending.has(name));
    const count = Math.min(1 + this.#rng.below(2), Math.max(0, this.#members.length - 2));
    return this.#rng.sample(able, count);
  }

  #leaving(): string[] {
    return [...this.#pending].filter(([, what]) => what === 'leave').map(([name]) => name);
  }

  #commit({ by, add, remove }: { by: string; add: string[]; remove: string[] }): void {
    this.#arrive(this.#flights.landBeforeEpoch(this.#epoch + 1));
    const rivals = this.#members.filter((name) => name !== by && !this.#pending.has(name));
    const rival = rivals.length > 0 && this.#rng.chance(0.2) ? { rival: this.#rng.pick(rivals) } : {};
    const flip = this.#rng.chance(0.25) ? { flip: this.#rng.below(10_000) / 10_000 } : {};
    const removed = [...this.#leaving(), ...remove];
    const psks = this.#psks({ by, remove });
    const followers = [...this.#members, ...add].filter((name) => name !== by && !removed.includes(name));
    const unknowing =
      psks > 0 && followers.length > 0 && this.#rng.chance(0.5)
        ? { unknowing: this.#rng.pick(followers) }
        : {};
    this.#steps.push({ do: 'commit', by, add, remove, psks, ...unknowing, ...rival, ...flip });
    for (const name of removed) {
      this.#members.splice(this.#members.indexOf(name), 1);
      this.#flights.lose(name);
    }
    this.#members.push(...add);
    this.#seats = this.#seats.after(removed, add);
    this.#pending.clear();
    this.#epoch++;
  }

  #psks({ by, remove }: { by: string; remove: string[] }): number {
    const isPlayable = !this.#isOurs(by) || remove.length === 0;
    return isPlayable && this.#rng.chance(0.25) ? 1 + this.#rng.below(2) : 0;
  }

  /** Who has proposed to leave cannot commit. Who has proposed an update can, without it; ts-mls refuses even that. */
  #canCommit(name: string): boolean {
    const proposed = this.#pending.get(name);
    return proposed === undefined || (proposed === 'update' && this.#isOurs(name));
  }

  #isOurs(name: string): boolean {
    return this.#people.some((person) => person.name === name && person.implementation === 'ours');
  }

  #outside(): string[] {
    return this.#people.map(({ name }) => name).filter((name) => !this.#members.includes(name));
  }
}
