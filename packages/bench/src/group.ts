import { CoreClient, type CommitBundle, type GroupMember } from '@quicprochat/core-wasm';

export interface Person {
  client: CoreClient;
  group: GroupMember;
}

/** A group of n members, built by one bulk add: a bare tree, as every new group has. Two of its members are at hand. */
export interface BenchGroup {
  n: number;
  suite: number;
  creator: Person;
  joiner: Person;
  /** The commit and Welcome that built it. */
  bundle: CommitBundle;
}

/** A client that is measured but never a member of the group for long. */
export function newClient(name: string): CoreClient {
  return CoreClient.create(name);
}

export function keyPackagesOf(clients: readonly CoreClient[], suite: number): Uint8Array[] {
  return clients.flatMap((client) => client.generateKeyPackages(suite, 1));
}

/** Builds a group of n, and lets the last one join. The other clients' memory is given back. */
export function buildGroup(n: number, suite: number): BenchGroup {
  const creator = newClient('creator');
  const others = Array.from({ length: n - 1 }, (_, i) => newClient(`member-${i}`));
  const keyPackages = keyPackagesOf(others, suite);
  const group = creator.createGroup(crypto.getRandomValues(new Uint8Array(16)), suite, Date.now());
  const bundle = group.addMembers(keyPackages, Date.now());
  group.mergePendingCommit(Date.now());
  const last = others.at(-1);
  const secrets = bundle.welcome?.joiners.at(-1);
  if (last === undefined || bundle.welcome === undefined || secrets === undefined)
    throw new Error('a group of one has nobody to join it');
  const joined = last.join(secrets, bundle.welcome.shared, Date.now());
  for (const other of others.slice(0, -1)) other.free();
  return { n, suite, creator: { client: creator, group }, joiner: { client: last, group: joined }, bundle };
}

export function freeGroup({ creator, joiner }: BenchGroup): void {
  for (const { client, group } of [creator, joiner]) {
    group.free();
    client.free();
  }
}
