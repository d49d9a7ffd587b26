import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RelayProcess } from '@quicprochat/testkit';
import { usageOf, type Usage } from '../relay/usage.ts';
import type { OpenOptions } from './acts.ts';
import type { Contender } from './contender.ts';
import { startSite, type Site } from './page-person.ts';
import { ProcessPerson, type Person } from './person.ts';

/** All calls come from one address, which rate limits would stop. */
export const RELAY_ENV = { QPC_RATE_FACTOR: '1000000', QPC_LOG_LEVEL: 'warn' } as const;

export type Place = 'node' | 'chromium';

/** One contender's own relay process, people and folder, for one scenario. */
export class World implements AsyncDisposable {
  readonly #contender: Contender;
  readonly #relay: RelayProcess;
  readonly #folder: string;
  readonly #site: Site | undefined;
  readonly #people: Person[] = [];

  /** @param place where the people of the world run their clients */
  static async open(contender: Contender, place: Place): Promise<World> {
    const site = place === 'chromium' ? await startSite(contender.root) : undefined;
    const env = { ...RELAY_ENV, ...(site !== undefined && { QPC_ORIGINS: site.origin }) };
    const relay = await contender.startRelay({ env });
    const folder = await mkdtemp(join(tmpdir(), 'qpc-bench-'));
    return new World({ contender, relay, folder, site });
  }

  private constructor(parts: {
    contender: Contender;
    relay: RelayProcess;
    folder: string;
    site: Site | undefined;
  }) {
    this.#contender = parts.contender;
    this.#relay = parts.relay;
    this.#folder = parts.folder;
    this.#site = parts.site;
  }

  async person(): Promise<Person> {
    const person = (await this.#site?.person()) ?? (await ProcessPerson.start(this.#contender.root));
    this.#people.push(person);
    return person;
  }

  /** What a person opens their client with. The store is named for them unless it is named otherwise. */
  account(handle: string, options: Partial<OpenOptions> = {}): OpenOptions {
    const name = options.store ?? handle;
    const store = this.#site === undefined ? this.#file(name) : name;
    return { relay: this.#relay.url, handle, live: true, ...options, store };
  }

  /** Registers somebody who can then be added to conversations, and closes their client again. */
  async acquaint(handle: string): Promise<void> {
    await using person = await this.person();
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
    await this.#site?.[Symbol.asyncDispose]();
    await this.#relay.stop();
    await rm(this.#relay.folder, { recursive: true, force: true });
    await rm(this.#folder, { recursive: true, force: true });
  }

  #file(store: string): string {
    return join(this.#folder, `${store}.db`);
  }
}
