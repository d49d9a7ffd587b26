/** Plays a script on both implementations at once and checks everything that both must agree on. */
import { isDeepStrictEqual } from 'node:util';
import { OurPeer } from './ours.ts';
import type { ExternalPsk, Invitation, Peer } from './peer.ts';
import type { Person, Script, Step } from './script.ts';
import { emptyTally, type Tally } from './tally.ts';
import { TsMlsPeer } from './ts-mls.ts';

type StepOf<D extends Step['do']> = Extract<Step, { do: D }>;

interface Sent {
  message: Uint8Array;
  by: string;
  epoch: bigint;
  plaintext: Uint8Array;
}

/** @throws with the seed, the steps up to the one that failed, and why it did */
export async function runScript(script: Script): Promise<Tally> {
  const run = await Run.prepare(script);
  try {
    for (const [index, step] of script.steps.entries()) {
      await run.play(step).catch((cause: unknown) => {
        throw new Error(describe(script, index, cause), { cause });
      });
    }
  } finally {
    run.free();
  }
  return run.tally;
}

class Run {
  readonly tally = emptyTally();
  readonly #peers: Map<string, Peer>;
  readonly #members = new Set<Peer>();
  /** Removed members: whatever follows must stay closed to them. */
  readonly #gone = new Set<Peer>();
  readonly #leaving = new Set<Peer>();
  readonly #sent: Sent[] = [];
  /** The newest message that has arrived, by recipient, author and epoch. */
  readonly #newest = new Map<string, number>();
  #epoch = 0n;

  private constructor(peers: Peer[]) {
    this.#peers = new Map(peers.map((peer) => [peer.name, peer]));
  }

  static async prepare({ people, suite }: Script): Promise<Run> {
    const create = async ({ name, implementation }: Person): Promise<Peer> =>
      implementation === 'ours' ? new OurPeer(name, suite) : TsMlsPeer.create(name, suite);
    return new Run(await Promise.all(people.map(create)));
  }

  async play(step: Step): Promise<void> {
    switch (step.do) {
      case 'create':
        return this.#create(step);
      case 'commit':
        return this.#commit(step);
      case 'propose':
        return this.#propose(step);
      case 'say':
        return this.#say(step);
      case 'deliver':
        return this.#deliver(step);
    }
  }

  free(): void {
    for (const peer of this.#peers.values()) peer.free();
  }

  async #create({ by }: StepOf<'create'>): Promise<void> {
    const founder = this.#peer(by);
    await founder.create(Uint8Array.from({ length: 16 }, (_, index) => index));
    this.#members.add(founder);
    this.#agree();
  }

  async #commit(step: StepOf<'commit'>): Promise<void> {
    const { by, add, remove, rival, flip } = step;
    const committer = this.#peer(by);
    const psks = await this.#hand(step);
    const loser = rival === undefined ? undefined : this.#peer(rival);
    await loser?.stage({ add: [], remove: [] });
    const keyPackages = await Promise.all(add.map((name) => this.#peer(name).keyPackage()));
    const { commit, invitations } = await committer.stage({
      add: keyPackages,
      remove,
      psks: psks.map(({ id }) => id),
    });
    if (loser !== undefined) await this.#lose(loser);
    if (flip !== undefined) await this.#refuseFlipped(commit, flip, committer);
    await this.#refuseByRemoved((peer) => peer.takeHandshake(commit));
    for (const member of this.#others(committer)) {
      if (member.name === step.unknowing)
        await this.#refuseUnknowing(member, psks, () => member.takeHandshake(commit));
      await member.takeHandshake(commit);
    }
    await committer.merge();
    this.#epoch++;
    this.tally.epochs++;
    this.tally[committer.implementation === 'ours' ? 'commitsByOurs' : 'commitsByTsMls']++;
    if (psks.length > 0)
      this.tally[committer.implementation === 'ours' ? 'pskCommitsByOurs' : 'pskCommitsByTsMls']++;
    else if (add.length + remove.length === 0) {
      this.tally[committer.implementation === 'ours' ? 'updatesByOurs' : 'updatesByTsMls']++;
    }
    this.#part(remove);
    await this.#welcome(step, invitations, psks);
    this.#agree();
  }

  /** Fresh PSKs, for everyone who must follow or join but one. */
  async #hand({ psks: count, unknowing, add }: StepOf<'commit'>): Promise<ExternalPsk[]> {
    const psks = Array.from({ length: count }, (_, index) => ({
      id: Buffer.from(`psk ${index} of epoch ${this.#epoch}`),
      secret: new Uint8Array(32).fill(Number(this.#epoch) + 100 * index),
    }));
    const having = [...this.#members, ...add.map((name) => this.#peer(name))];
    for (const peer of having.filter(({ name }) => name !== unknowing)) {
      for (const psk of psks) await peer.storePsk(psk);
    }
    return psks;
  }

  async #refuseUnknowing(peer: Peer, psks: ExternalPsk[], attempt: () => Promise<unknown>): Promise<void> {
    const code = await refused(peer, attempt);
    if (peer.implementation === 'ours' && code !== 'PSK_MISSING')
      throw new Error(`${peer.name} says ${code} instead of PSK_MISSING`);
    for (const psk of psks) await peer.storePsk(psk);
    this.tally.refusedWithoutPsk++;
  }

  async #lose(peer: Peer): Promise<void> {
    await peer.drop();
    this.tally.lostCommits++;
  }

  async #refuseFlipped(commit: Uint8Array, where: number, committer: Peer): Promise<void> {
    const flipped = Uint8Array.from(commit);
    const bit = Math.floor(where * flipped.length * 8);
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    for (const member of this.#others(committer)) {
      await refused(member, () => member.takeHandshake(flipped));
      this.tally.refusedFlips++;
    }
    this.#agree();
  }

  #part(removed: string[]): void {
    for (const peer of [...removed.map((name) => this.#peer(name)), ...this.#leaving]) {
      if (peer.isMember()) throw new Error(`${peer.name} does not know that it was removed`);
      this.#members.delete(peer);
      this.#gone.add(peer);
      this.tally.removals++;
    }
    this.#leaving.clear();
  }

  async #welcome(
    { add: added, unknowing }: StepOf<'commit'>,
    invitations: Invitation[],
    psks: ExternalPsk[],
  ): Promise<void> {
    if (added.length !== invitations.length) throw new Error('not one invitation for each who joins');
    for (const [index, name] of added.entries()) {
      const peer = this.#peer(name);
      if (name === unknowing) await this.#refuseUnknowing(peer, psks, () => peer.join(invitations[index]!));
      await peer.join(invitations[index]!);
      if (psks.length > 0) this.tally.joinsWithPsks++;
      if (this.#gone.delete(peer)) this.tally.rejoins++;
      this.#members.add(peer);
      this.tally[peer.implementation === 'ours' ? 'joinsOfOurs' : 'joinsOfTsMls']++;
      if (peer instanceof TsMlsPeer && peer.hasJoinedByParts) this.tally.joinsByParts++;
    }
  }

  async #propose({ by, what }: StepOf<'propose'>): Promise<void> {
    const proposer = this.#peer(by);
    const proposal = await (what === 'update' ? proposer.proposeUpdate() : proposer.proposeLeaving());
    if (what === 'leave') this.#leaving.add(proposer);
    this.tally[what === 'update' ? 'proposedUpdates' : 'proposedLeaves']++;
    await this.#refuseByRemoved((peer) => peer.takeHandshake(proposal));
    for (const member of this.#others(proposer)) await member.takeHandshake(proposal);
  }

  async #say({ by, message, bytes }: StepOf<'say'>): Promise<void> {
    const plaintext = Uint8Array.from({ length: bytes }, (_, index) => (message * 31 + index * 7) % 256);
    const encrypted = await this.#peer(by).encrypt(plaintext);
    this.#sent[message] = { message: encrypted, by, epoch: this.#epoch, plaintext };
    await this.#refuseByRemoved((peer) => peer.decrypt(encrypted));
  }

  async #deliver({ to, message, replayed }: StepOf<'deliver'>): Promise<void> {
    const { message: encrypted, by, epoch, plaintext } = this.#sent[message]!;
    const peer = this.#peer(to);
    const heard = await peer.decrypt(encrypted);
    const isHeard = isDeepStrictEqual([heard.sender, heard.epoch], [by, epoch]);
    if (!isHeard)
      throw new Error(`${to} heard ${heard.sender} in epoch ${heard.epoch}, not ${by} in ${epoch}`);
    if (!Buffer.from(plaintext).equals(heard.plaintext)) throw new Error(`${to} heard other words`);
    this.#count(`${to} ${by} ${epoch}`, message, epoch);
    if (!replayed) return;
    await refused(peer, () => peer.decrypt(encrypted));
    this.tally.refusedReplays++;
  }

  #count(ratchet: string, message: number, epoch: bigint): void {
    const newest = this.#newest.get(ratchet) ?? -1;
    this.#newest.set(ratchet, Math.max(newest, message));
    this.tally.messages++;
    if (message < newest) this.tally.overtakenMessages++;
    if (epoch < this.#epoch) this.tally.lateMessages++;
  }

  /** Same epoch, same authenticator, same members, everywhere. */
  #agree(): void {
    const names = [...this.#members].map(({ name }) => name).sort();
    const authenticators = new Set<string>();
    for (const peer of this.#members) {
      if (!peer.isMember()) throw new Error(`${peer.name} thinks that it was removed`);
      if (peer.epoch() !== this.#epoch)
        throw new Error(`${peer.name} is in epoch ${peer.epoch()}, not ${this.#epoch}`);
      const members = peer.members().sort();
      if (!isDeepStrictEqual(members, names))
        throw new Error(`${peer.name} sees members ${members.join(' ')}`);
      authenticators.add(Buffer.from(peer.epochAuthenticator()).toString('hex'));
    }
    if (authenticators.size !== 1) throw new Error(`authenticators differ: ${[...authenticators].join(' ')}`);
  }

  async #refuseByRemoved(attempt: (peer: Peer) => Promise<unknown>): Promise<void> {
    for (const peer of this.#gone) {
      await refused(peer, () => attempt(peer));
      this.tally.refusedByRemoved++;
    }
  }

  #others(peer: Peer): Peer[] {
    return [...this.#members].filter((member) => member !== peer);
  }

  #peer(name: string): Peer {
    const peer = this.#peers.get(name);
    if (peer === undefined) throw new Error(`nobody is called ${name}`);
    return peer;
  }
}

/** Of the core's errors, only those that say what is wrong with the message count. */
async function refused(peer: Peer, attempt: () => Promise<unknown>): Promise<string | undefined> {
  const refusal = await attempt().then(
    () => undefined,
    (error: unknown) => error as Error & { code?: string },
  );
  if (refusal === undefined) throw new Error(`${peer.name} took what it must refuse`);
  const isProper =
    peer.implementation === 'ts-mls' || (refusal.code !== undefined && refusal.code !== 'INTERNAL');
  if (!isProper) throw refusal;
  return refusal.code;
}

function describe({ seed, suite, steps }: Script, failed: number, cause: unknown): string {
  const listed = steps.slice(0, failed + 1).map((step, index) => `  ${index}: ${JSON.stringify(step)}`);
  const reason = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  return [`seed ${seed}, suite ${suite}, step ${failed}: ${reason}`, ...listed].join('\n');
}
