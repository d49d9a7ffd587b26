import { CoreClient, type GroupMember } from '../../src/node.ts';
import type { Changes, ExternalPsk, Heard, Invitation, Peer, StagedCommit, SuiteNumber } from './peer.ts';

/** A device that runs on our wasm. */
export class OurPeer implements Peer {
  readonly implementation = 'ours';
  readonly name: string;
  readonly #suite: SuiteNumber;
  readonly #client: CoreClient;
  #seat: GroupMember | undefined;
  #hasBeenInvited = false;
  #lastResort: Uint8Array | undefined;

  constructor(name: string, suite: SuiteNumber) {
    this.name = name;
    this.#suite = suite;
    this.#client = CoreClient.create(name, new Uint8Array(32));
  }

  /** One single-use package, then the last-resort one again and again: as from a directory that has run out. */
  async keyPackage(): Promise<Uint8Array> {
    if (!this.#hasBeenInvited) {
      this.#hasBeenInvited = true;
      return this.#client.generateKeyPackages(this.#suite, 1, Date.now())[0]!;
    }
    this.#lastResort ??= this.#client.generateLastResortKeyPackage(this.#suite, Date.now());
    return this.#lastResort;
  }

  async storePsk({ id, secret }: ExternalPsk): Promise<void> {
    this.#client.storePsk(id, secret);
  }

  async create(groupId: Uint8Array): Promise<void> {
    this.#sit(this.#client.createGroup(groupId, this.#suite, Date.now()));
  }

  async join({ joiner, shared }: Invitation): Promise<void> {
    this.#sit(this.#client.join(joiner, shared, Date.now()));
  }

  async stage(changes: Changes): Promise<StagedCommit> {
    const { commit, welcome } = this.#stage(changes);
    const invitations = welcome?.joiners.map((joiner) => ({ joiner, shared: welcome.shared })) ?? [];
    return { commit, invitations };
  }

  #stage({ add, remove, psks = [] }: Changes) {
    if (remove.length > 0 && add.length + psks.length > 0)
      throw new Error('the core removes in a commit of its own');
    if (psks.length > 0) return this.#in.commitPsks(psks, add, Date.now());
    if (add.length > 0) return this.#in.addMembers(add, Date.now());
    if (remove.length > 0)
      return this.#in.removeMembers(
        remove.map((name) => this.#leafOf(name)),
        Date.now(),
      );
    return this.#in.hasPendingProposals()
      ? this.#in.commitPendingProposals(Date.now())
      : this.#in.selfUpdate(Date.now());
  }

  async merge(): Promise<void> {
    this.#in.mergePendingCommit(Date.now());
  }

  async drop(): Promise<void> {
    this.#in.clearPendingCommit();
  }

  async proposeUpdate(): Promise<Uint8Array> {
    return this.#in.proposeUpdate();
  }

  async proposeLeaving(): Promise<Uint8Array> {
    return this.#in.leave();
  }

  async takeHandshake(message: Uint8Array): Promise<void> {
    const received = this.#in.process(message, Date.now());
    if (received.kind === 'proposal') return;
    if (received.kind !== 'commit') throw new Error(`not a handshake of another: ${received.kind}`);
    this.#in.mergeStagedCommit(Date.now());
  }

  async encrypt(plaintext: Uint8Array): Promise<Uint8Array> {
    return this.#in.encrypt(plaintext, Date.now());
  }

  async decrypt(message: Uint8Array): Promise<Heard> {
    const received = this.#in.process(message, Date.now());
    if (received.kind !== 'application') throw new Error(`not an application message: ${received.kind}`);
    return { sender: received.sender.handle, epoch: received.epoch, plaintext: received.plaintext };
  }

  isMember(): boolean {
    return this.#seat?.isActive() ?? false;
  }

  epoch(): bigint {
    return this.#in.epoch();
  }

  epochAuthenticator(): Uint8Array {
    return this.#in.epochAuthenticator();
  }

  members(): string[] {
    return this.#in.members().map(({ handle }) => handle);
  }

  free(): void {
    this.#seat?.free();
    this.#client.free();
  }

  get #in(): GroupMember {
    if (this.#seat === undefined) throw new Error(`${this.name} is in no group`);
    return this.#seat;
  }

  #sit(seat: GroupMember): void {
    this.#seat?.free();
    this.#seat = seat;
  }

  #leafOf(name: string): number {
    const member = this.#in.members().find(({ handle }) => handle === name);
    if (member === undefined) throw new Error(`${name} is not a member`);
    return member.leafIndex;
  }
}
