/** A small group for tests that tell one story, without a script. */
import type { Peer, StagedCommit } from './peer.ts';

export class Group {
  readonly members: Peer[];

  private constructor(founder: Peer) {
    this.members = [founder];
  }

  static async of(founder: Peer, ...others: Peer[]): Promise<Group> {
    await founder.create(new Uint8Array(16).fill(7));
    const group = new Group(founder);
    if (others.length > 0) await group.commit(founder, { add: others });
    return group;
  }

  /** A commit that everyone takes and all who are added join by. */
  async commit(by: Peer, { add = [], remove = [] }: { add?: Peer[]; remove?: Peer[] } = {}): Promise<void> {
    const { invitations } = await this.commitUnjoined(by, { add, remove });
    for (const [index, joiner] of add.entries()) await joiner.join(invitations[index]!);
    this.members.push(...add);
  }

  /** The same, up to the joining. */
  async commitUnjoined(
    by: Peer,
    { add = [], remove = [] }: { add?: Peer[]; remove?: Peer[] },
  ): Promise<StagedCommit> {
    const keyPackages = await Promise.all(add.map((peer) => peer.keyPackage()));
    const staged = await by.stage({ add: keyPackages, remove: remove.map(({ name }) => name) });
    for (const peer of this.others(by)) await peer.takeHandshake(staged.commit);
    await by.merge();
    for (const peer of remove) this.members.splice(this.members.indexOf(peer), 1);
    return staged;
  }

  others(than: Peer): Peer[] {
    return this.members.filter((member) => member !== than);
  }

  /** How many different epochs the members are in: one, if they agree. */
  get views(): number {
    const view = (peer: Peer) => `${peer.epoch()} ${Buffer.from(peer.epochAuthenticator()).toString('hex')}`;
    return new Set(this.members.map(view)).size;
  }
}
