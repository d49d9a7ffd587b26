import type { Engine, Handout, Person } from './person.ts';
import type { Observation, Operation, Request, Scenario, Story } from './scenario.ts';

/**
 * The same play for every engine: build a group, then act one story at a time, with the clock running only while the
 * operation itself does. `crates/core/benches/peer/play.rs` is its twin for the native engines; who changes one
 * changes both.
 */
export class Play<Welcome> {
  readonly #engine: Engine<Welcome>;
  readonly #scenario: Scenario;
  /** Sits on leaf 0 and commits. */
  readonly #first: Person<Welcome>;
  /** Sits on the last leaf and follows. */
  readonly #last: Person<Welcome>;
  /** Owns what is measured apart from the group. */
  readonly #host: Person<Welcome>;
  /** One of each member but the first, for bulk adds. */
  readonly #keyPackages: readonly Uint8Array[];
  #guests = 0;

  static async prepare<Welcome>(engine: Engine<Welcome>, scenario: Scenario) {
    const { suite, n, tree } = scenario;
    const first = await engine.person('creator', suite);
    await first.create();
    const builder = new Builder(engine, suite, first);
    const built = await builder.build(tree, n);
    first.written();
    const host = await engine.person('host', suite);
    const observation: Observation = { ms: {}, bytes: { ...built.bytes } };
    const stored = first.storeBytes();
    if (stored !== undefined) observation.bytes['store'] = stored;
    return {
      play: new Play(engine, scenario, { first, last: built.last, host }, built.keyPackages),
      observation,
    };
  }

  private constructor(
    engine: Engine<Welcome>,
    scenario: Scenario,
    people: { first: Person<Welcome>; last: Person<Welcome>; host: Person<Welcome> },
    keyPackages: readonly Uint8Array[],
  ) {
    this.#engine = engine;
    this.#scenario = scenario;
    this.#first = people.first;
    this.#last = people.last;
    this.#host = people.host;
    this.#keyPackages = keyPackages;
  }

  /** Acts one story. `repeat` is for those that are too fast for single samples. */
  async story(story: Story, repeat: number): Promise<Observation> {
    const seen = new Sight();
    const acts: Record<Story, () => Promise<void>> = {
      'key package': () => this.#makeKeyPackages(seen, repeat),
      create: () => this.#create(seen),
      'bulk add': () => this.#bulkAdd(seen),
      update: () => this.#update(seen),
      guest: () => this.#guest(seen),
      message: () => this.#message(seen, repeat),
      load: () => this.#load(seen),
    };
    await acts[story]();
    seen.bytes['peak memory'] = this.#engine.peakMemory();
    return seen;
  }

  async #makeKeyPackages(seen: Sight, repeat: number): Promise<void> {
    for (let i = 0; i < repeat; i++) {
      const keyPackage = await seen.time('key package', () => this.#host.keyPackage());
      seen.bytes['key package'] = keyPackage.length;
    }
    seen.average('key package');
  }

  async #create(seen: Sight): Promise<void> {
    await seen.time('create', () => this.#host.create());
    await this.#host.forgetGroup();
  }

  async #bulkAdd(seen: Sight): Promise<void> {
    await this.#host.create();
    const handout = await seen.time('bulk add', () => this.#host.add(this.#keyPackages));
    const { relay, joiner } = this.#engine.welcomeBytes(welcomeOf(handout));
    seen.bytes['bulk add, commit'] = handout.commit.length;
    seen.bytes['bulk add, welcome on the relay'] = relay;
    seen.bytes['bulk add, welcome for one'] = joiner;
    await this.#host.forgetGroup();
  }

  async #update(seen: Sight): Promise<void> {
    this.#first.written();
    this.#last.written();
    const { commit } = await seen.time('commit', () => this.#first.update());
    seen.bytes['commit'] = commit.length;
    seen.written('commit', this.#first);
    await seen.time('process commit', () => this.#last.process(commit));
    seen.written('process commit', this.#last);
  }

  /** Somebody new comes, goes, comes back knowing everybody's keys, and goes. */
  async #guest(seen: Sight): Promise<void> {
    this.#guests += 1;
    const guest = await this.#engine.person(`guest-${this.#guests}`, this.#scenario.suite);
    const joins = this.#engine.remembers ? (['join', 'rejoin'] as const) : (['join'] as const);
    for (const join of joins) {
      const keyPackage = await guest.keyPackage();
      guest.written();
      const add = () => this.#first.add([keyPackage]);
      const added = await (join === 'join' ? seen.time('add one', add) : add());
      await this.#last.process(added.commit);
      await seen.time(join, () => guest.join(welcomeOf(added), 0));
      seen.written(join, guest);
      const remove = () => this.#first.remove(guest);
      const removed = await (join === 'join' ? seen.time('remove', remove) : remove());
      await this.#last.process(removed.commit);
      await guest.forgetGroup();
      await this.#heal();
    }
    await guest.free();
  }

  /** The guest's removal blanks its path, which is the last member's too: in a full tree that one fills it again. */
  async #heal(): Promise<void> {
    if (this.#scenario.tree !== 'full') return;
    const { commit } = await this.#last.update();
    await this.#first.process(commit);
  }

  async #message(seen: Sight, repeat: number): Promise<void> {
    const plaintext = new Uint8Array(200).fill(7);
    this.#first.written();
    this.#last.written();
    for (let i = 0; i < repeat; i++) {
      const message = await seen.time('encrypt', () => this.#first.encrypt(plaintext));
      seen.bytes['message of 200 B'] = message.length;
      seen.written('encrypt', this.#first);
      const read = await seen.time('decrypt', () => this.#last.decrypt(message));
      seen.written('decrypt', this.#last);
      if (read.length !== plaintext.length || read[199] !== 7)
        throw new Error('what arrived is not what was sent');
    }
    seen.average('encrypt');
    seen.average('decrypt');
  }

  async #load(seen: Sight): Promise<void> {
    const load = this.#first.load?.bind(this.#first);
    if (load !== undefined) await seen.time('load', load);
  }
}

/** Answers the orchestrator's requests with one engine. */
export function answerer<Welcome>(engine: Engine<Welcome>): (request: Request) => Promise<Observation> {
  let play: Play<Welcome> | undefined;
  return async (request) => {
    if (request.do === 'prepare') {
      const prepared = await Play.prepare(engine, request);
      play = prepared.play;
      return prepared.observation;
    }
    if (play === undefined) throw new Error('nothing is prepared');
    return play.story(request.story, request.repeat);
  };
}

function welcomeOf<Welcome>({ welcome }: Handout<Welcome>): Welcome {
  if (welcome === undefined) throw new Error('a commit that adds has a welcome');
  return welcome;
}

/** What is seen while a story is acted. */
class Sight implements Observation {
  readonly ms: Observation['ms'] = {};
  readonly bytes: Observation['bytes'] = {};

  async time<T>(name: Operation, operation: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const result = await operation();
    const took = performance.now() - start;
    (this.ms[name] ??= []).push(took);
    return result;
  }

  written(name: Operation, person: Person<unknown>): void {
    const bytes = person.written();
    // Of the first time in a story.
    if (bytes !== undefined) this.bytes[`${name}, written`] ??= bytes;
  }

  /** One sample of an operation too fast for single ones: the mean of what was timed. */
  average(name: Operation): void {
    const samples = this.ms[name];
    if (samples === undefined) return;
    this.ms[name] = [samples.reduce((sum, sample) => sum + sample, 0) / samples.length];
  }
}

interface Built<Welcome> {
  last: Person<Welcome>;
  keyPackages: readonly Uint8Array[];
  bytes: Record<string, number>;
}

/** A group in the making. */
class Builder<Welcome> {
  readonly #engine: Engine<Welcome>;
  readonly #suite: number;
  readonly #first: Person<Welcome>;
  #members = 1;

  constructor(engine: Engine<Welcome>, suite: number, first: Person<Welcome>) {
    this.#engine = engine;
    this.#suite = suite;
    this.#first = first;
  }

  async build(tree: Scenario['tree'], n: number): Promise<Built<Welcome>> {
    if (tree === 'bare') return this.#bulk(n, this.#first);
    if (tree === 'full') return { last: await this.#chain(n), keyPackages: [], bytes: {} };
    return this.#bulk(n, await this.#chain(Math.floor(n / 2)));
  }

  /** Adds members in one commit until there are n; the last of them joins. */
  async #bulk(n: number, by: Person<Welcome>): Promise<Built<Welcome>> {
    const { newest, keyPackages } = await this.#newcomers(n - this.#members);
    const handout = await by.add(keyPackages);
    if (by !== this.#first) {
      await this.#first.process(handout.commit);
      await by.free();
    }
    await newest.join(welcomeOf(handout), keyPackages.length - 1);
    return { last: newest, keyPackages, bytes: { 'commit that built it': handout.commit.length } };
  }

  /**
   * Fills the tree: the newest member adds the next pair, and the second of that pair is the next to commit. Its path
   * covers every node over it, so each node is filled by the last committer under it, and no more than three members
   * are in memory.
   */
  async #chain(n: number): Promise<Person<Welcome>> {
    let committer = this.#first;
    while (this.#members < n) {
      // Leaf 1 alone, so that the pairs after it are neighbours in the tree.
      const count = this.#members === 1 ? 1 : Math.min(2, n - this.#members);
      const { newest, keyPackages } = await this.#newcomers(count);
      const handout = await committer.add(keyPackages);
      if (committer !== this.#first) {
        await this.#first.process(handout.commit);
        await committer.free();
      }
      await newest.join(welcomeOf(handout), count - 1);
      committer = newest;
    }
    if (committer === this.#first) throw new Error('a group of one has nobody to fill its tree');
    const { commit } = await committer.update();
    await this.#first.process(commit);
    return committer;
  }

  /** So many key packages, each of another device, and the device of the last one. */
  async #newcomers(count: number): Promise<{ newest: Person<Welcome>; keyPackages: Uint8Array[] }> {
    const keyPackages: Uint8Array[] = [];
    let newest: Person<Welcome> | undefined;
    for (let i = 0; i < count; i++) {
      await newest?.free();
      newest = await this.#engine.person(`member-${this.#members + i}`, this.#suite);
      keyPackages.push(await newest.keyPackage());
    }
    if (newest === undefined) throw new Error('nobody to add');
    this.#members += count;
    return { newest, keyPackages };
  }
}
