import type { GroupId } from '@quicprochat/protocol';
import type { Base64Url } from '@quicprochat/protocol';
import type { Place } from '../transport/events.ts';

type EpochOfGroup = Pick<Place, 'groupId' | 'epoch'>;

/** What a running stream follows, or was asked to: groups, each under the key of one epoch. */
export class Followed {
  /** By what the relay knows the stream; undefined until it is open, and from relays to whose streams nothing can be added. */
  stream: Base64Url | undefined;
  readonly #epochs = new Map<GroupId, number>();
  readonly #unconfirmed = new Map<GroupId, number>();

  constructor(groups: readonly EpochOfGroup[]) {
    for (const { groupId, epoch } of groups) this.#epochs.set(groupId, epoch);
  }

  groupIds(): GroupId[] {
    return [...this.#epochs.keys()];
  }

  /** Those of the groups that the stream follows not at all, or under another epoch's key. */
  missing<Group extends EpochOfGroup>(groups: readonly Group[]): Group[] {
    return groups.filter(({ groupId, epoch }) => this.#epochs.get(groupId) !== epoch);
  }

  /** Whether the stream follows a group that is not one of these. */
  hasOthers(groups: readonly EpochOfGroup[]): boolean {
    const wanted = new Set(groups.map(({ groupId }) => groupId));
    return [...this.#epochs.keys()].some((groupId) => !wanted.has(groupId));
  }

  ask(groups: readonly EpochOfGroup[]): void {
    for (const { groupId, epoch } of groups) {
      this.#epochs.set(groupId, epoch);
      this.#unconfirmed.set(groupId, epoch);
    }
  }

  confirm({ groupId, epoch }: EpochOfGroup): void {
    if (this.#unconfirmed.get(groupId) === epoch) this.#unconfirmed.delete(groupId);
  }

  /**
   * Whether a stream that says it follows this has gone back there from what was asked later: a call that the network
   * held up can reach the relay after the next one, and a group is followed in one place.
   */
  hasGoneBack({ groupId, epoch }: EpochOfGroup): boolean {
    const asked = this.#epochs.get(groupId);
    return asked !== undefined && asked !== epoch && !this.#unconfirmed.has(groupId);
  }

  /** Whether the stream has not said of one of these that it follows it, and nothing newer was asked for. */
  isWaitingFor(groups: readonly EpochOfGroup[]): boolean {
    return groups.some(({ groupId, epoch }) => this.#unconfirmed.get(groupId) === epoch);
  }

  /** The epoch has ended, and with it what the stream follows; unless that is the next one already. */
  end({ groupId, epoch }: EpochOfGroup): void {
    if (this.#epochs.get(groupId) === epoch) this.#epochs.delete(groupId);
  }
}
