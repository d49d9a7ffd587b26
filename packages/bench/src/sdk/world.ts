import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RelayProcess } from '@quicprochat/testkit';
import { usageOf, type Usage } from '../relay/usage.ts';
import type { OpenOptions } from './acts.ts';
import type { Contender } from './contender.ts';
import { Person } from './person.ts';

/** All calls come from one address, which rate limits would stop. */
export const RELAY_ENV = { QPC_RATE_FACTOR: '1000000', QPC_LOG_LEVEL: 'warn' } as const;

/** One contender's own relay process, people and folder, for one scenario. */
export class World implements AsyncDisposable {
  readonly #contender: Contender;
  readonly #relay: RelayProcess;
  readonly #folder: string;
  readonly #people: Person[] = [];

  static async open(contender: Contender): Promise<World> {
    const relay = await contender.startRelay({ env: RELAY_ENV });
    return new World(contender, relay, await mkdtemp(join(tmpdir(), 'qpc-bench-')));
  }

  private constructor(contender: Contender, relay: RelayProcess, folder: string) {
    this.#contender = contender;
    this.#relay = relay;
    this.#folder = folder;
  }

  async person(): Promise<Person> {
    const person = await Person.start(this.#contender.root);
    this.#people.push(person);
    return person;
  }

  /** What a person opens their client with. The store is named for them unless it is named otherwise. */
  account(handle: string, options: Partial<OpenOptions> = {}): OpenOptions {
    const store = join(this.#folder, `${options.store ?? handle}.db`);
    return { relay: this.#relay.url, handle, live: true, ...options, store };
  }

  /** Registers somebody who can then be added to conversations, and closes their client again. */
  async acquaint(handle: string): Promise<void> {
    await using person = await Person.start(this.#contender.root);
    await person.ask('open', this.account(handle, { live: false }));
    await person.ask('close');
  }

  relayUsage(): Promise<Usage> {
    return usageOf(this.#relay.adminUrl);
  }

  /** Bytes of all files of a store. */
  async diskBytes(store: string): Promise<number> {
    const files = (await readdir(this.#folder)).filter((file) => file.startsWith(`${store}.db`));
    const sizes = await Promise.all(files.map(async (file) => (await stat(join(this.#folder, file))).size));
    return sizes.reduce((total, size) => total + size, 0);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const person of this.#people) await person[Symbol.asyncDispose]();
    await this.#relay.stop();
    await rm(this.#relay.folder, { recursive: true, force: true });
    await rm(this.#folder, { recursive: true, force: true });
  }
}
