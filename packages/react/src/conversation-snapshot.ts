import type { CatchingUp, Conversation, ConversationState, Member, Message } from '@quicprochat/sdk';

/**
 * A conversation at one version. A snapshot never changes, and two reads at one version return the same object, so
 * `useSyncExternalStore` and `memo` can compare by identity. To act, use the live object in `conversation`.
 */
export interface ConversationSnapshot {
  readonly conversation: Conversation;
  readonly id: string;
  readonly version: number;
  /** Empty if the conversation has no name. */
  readonly name: string;
  readonly state: ConversationState;
  /** How far reading has come while more waits at the relay; undefined otherwise. */
  readonly catchingUp: CatchingUp | undefined;
  readonly epoch: number;
  readonly unread: number;
  readonly readPosition: number;
  /** The unsent draft; empty if there is none. */
  readonly draft: string;
  readonly lastMessage: Message | undefined;
  /**
   * As they are when they are first asked for: with every change of them comes another snapshot.
   *
   * @throws {StorageError} STORE_CORRUPT
   */
  readonly members: readonly Member[];
}

const taken = new WeakMap<Conversation, ConversationSnapshot>();
const takenLists = new WeakMap<readonly Conversation[], readonly ConversationSnapshot[]>();

/** Returns the snapshot of a conversation as it is now. */
export function snapshotOf(conversation: Conversation): ConversationSnapshot {
  const known = taken.get(conversation);
  if (known?.version === conversation.version) return known;
  let members: readonly Member[] | undefined;
  const snapshot: ConversationSnapshot = {
    conversation,
    id: conversation.id,
    version: conversation.version,
    name: conversation.name,
    state: conversation.state,
    catchingUp: conversation.catchingUp,
    epoch: conversation.epoch,
    unread: conversation.unread,
    readPosition: conversation.readPosition,
    draft: conversation.draft,
    lastMessage: conversation.lastMessage,
    // A list of conversations does not need them, and has many.
    get members() {
      return (members ??= conversation.members.list());
    },
  };
  taken.set(conversation, snapshot);
  return snapshot;
}

/** Returns the snapshots of a list as it is now: the same array as before if no snapshot has changed. */
export function snapshotsOf(list: readonly Conversation[]): readonly ConversationSnapshot[] {
  const now = list.map(snapshotOf);
  const known = takenLists.get(list);
  if (known?.length === now.length && known.every((snapshot, index) => snapshot === now[index])) return known;
  takenLists.set(list, now);
  return now;
}
