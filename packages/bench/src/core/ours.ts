import {
  CoreClient,
  type CommitBundle,
  type GroupMember,
  type StoreRecord,
  groupOfRecord,
  initialize,
} from '@quicprochat/core-wasm';
import { watchMemory } from './memory.ts';
import type { Engine, Handout, Person } from './person.ts';

/** Our core through WebAssembly, as the SDK uses it: after every operation the writes are taken and put into a Map. */
export async function ourEngine(source?: string): Promise<Engine<OurWelcome>> {
  const peakMemory = watchMemory();
  await (source === undefined ? initialize() : initialize(source));
  return {
    person: async (name, suite) => new OurPerson(name, suite),
    welcomeBytes,
    remembers: true,
    peakMemory,
  };
}

// What the core's API may change, in one place: how a store begins, what a Welcome is, how one joins.
type OurWelcome = NonNullable<CommitBundle['welcome']>;
const STORE_KEY = new Uint8Array(32).fill(7);
const createClient = (name: string) => CoreClient.create(name, STORE_KEY);
const openClient = (records: StoreRecord[], groupId: Uint8Array) => {
  const isOfGroup = ({ key }: StoreRecord) => groupOfRecord(key) !== undefined;
  const client = CoreClient.open(
    STORE_KEY,
    records.filter((record) => !isOfGroup(record)),
  );
  return { client, group: client.loadGroup(groupId, records.filter(isOfGroup)) };
};
const joinGroup = (client: CoreClient, { shared, joiners }: OurWelcome, index: number) => {
  const joiner = joiners[index];
  if (joiner === undefined) throw new Error('nobody was added at that place');
  return client.join(joiner, shared, Date.now());
};
const welcomeBytes = ({ shared, joiners }: OurWelcome) => ({
  relay: joiners.reduce((total, joiner) => total + joiner.length, shared.length),
  joiner: shared.length + (joiners[0]?.length ?? 0),
});

class OurPerson implements Person<OurWelcome> {
  #client: CoreClient;
  #group: GroupMember | undefined;
  readonly #suite: number;
  readonly #store = new Map<string, StoreRecord>();
  #written = 0;

  constructor(name: string, suite: number) {
    this.#client = createClient(name);
    this.#suite = suite;
    this.#save();
  }

  async keyPackage(): Promise<Uint8Array> {
    const [keyPackage] = this.#client.generateKeyPackages(this.#suite, 1, Date.now());
    this.#save();
    if (keyPackage === undefined) throw new Error('none made');
    return keyPackage;
  }

  async create(): Promise<void> {
    const id = crypto.getRandomValues(new Uint8Array(16));
    this.#group = this.#client.createGroup(id, this.#suite, Date.now());
    this.#save();
  }

  async add(keyPackages: readonly Uint8Array[]): Promise<Handout<OurWelcome>> {
    return this.#merge(this.#seat.addMembers([...keyPackages], Date.now()));
  }

  async join(welcome: OurWelcome, index: number): Promise<void> {
    this.#group = joinGroup(this.#client, welcome, index);
    this.#save();
  }

  async update(): Promise<Handout<OurWelcome>> {
    return this.#merge(this.#seat.selfUpdate(Date.now()));
  }

  async remove(member: Person<OurWelcome>): Promise<Handout<OurWelcome>> {
    if (!(member instanceof OurPerson)) throw new TypeError('not one of ours');
    return this.#merge(this.#seat.removeMembers([member.#seat.ownLeafIndex()], Date.now()));
  }

  async process(commit: Uint8Array): Promise<void> {
    this.#seat.process(commit, Date.now());
    this.#seat.mergeStagedCommit(Date.now());
    this.#save();
  }

  async encrypt(plaintext: Uint8Array): Promise<Uint8Array> {
    const message = this.#seat.encrypt(plaintext, Date.now());
    this.#save();
    return message;
  }

  async decrypt(message: Uint8Array): Promise<Uint8Array> {
    const received = this.#seat.process(message, Date.now());
    if (received.kind !== 'application') throw new Error('not a message');
    this.#save();
    return received.plaintext;
  }

  async load(): Promise<void> {
    const id = this.#seat.groupId();
    const { client, group } = openClient([...this.#store.values()], id);
    this.#group?.free();
    this.#client.free();
    this.#client = client;
    this.#group = group;
  }

  async forgetGroup(): Promise<void> {
    const id = this.#seat.groupId();
    this.#group?.free();
    this.#group = undefined;
    this.#client.deleteGroup(id);
    this.#save();
  }

  async free(): Promise<void> {
    this.#group?.free();
    this.#client.free();
  }

  storeBytes(): number {
    return [...this.#store.values()].reduce((sum, { key, value }) => sum + key.length + value.length, 0);
  }

  written(): number {
    const bytes = this.#written;
    this.#written = 0;
    return bytes;
  }

  get #seat(): GroupMember {
    if (this.#group === undefined) throw new Error('no group');
    return this.#group;
  }

  #merge({ commit, welcome }: CommitBundle): Handout<OurWelcome> {
    this.#seat.mergePendingCommit(Date.now());
    this.#save();
    return { commit, welcome };
  }

  #save(): void {
    for (const { key, value } of this.#client.takeWrites()) {
      const name = String.fromCharCode(...key);
      this.#written += key.length + (value?.length ?? 0);
      if (value === undefined) this.#store.delete(name);
      else this.#store.set(name, { key, value });
    }
  }
}
