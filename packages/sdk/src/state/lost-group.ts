import type { GroupId } from '@quicprochat/protocol';

/**
 * A group does not load because its records were put back to an earlier state, whose keys are erased, or because the keys
 * are missing. The cause is what the core says. Never reaches the SDK's caller.
 */
export class LostGroup extends Error {
  override readonly name = 'LostGroup';
  readonly groupId: GroupId;

  constructor(groupId: GroupId, cause: unknown) {
    super('the keys of a group are erased', { cause });
    this.groupId = groupId;
  }
}
