import type { Conversation, ConversationState, Member, Message } from '@quicprochat/sdk';

/**
 * What a conversation was at one version. Never changes, and two reads at one version give the same object: that is
 * what `useSyncExternalStore` and `memo` compare by. The live object behind it, to act on, is `conversation`.
 */
export interface ConversationSnapshot {
  readonly conversation: Conversation;
  readonly id: string;
  readonly version: number;
  /** Empty when the conversation has none. */
  readonly name: string;
  readonly state: ConversationState;
  readonly epoch: number;
  readonly unread: number;
  readonly readPosition: number;
  /** What was written and not sent; empty if there is nothing. */
  readonly draft: string;
  readonly lastMessage: Message | undefined;
  readonly members: readonly Member[];
}

const taken = new WeakMap<Conversation, ConversationSnapshot>();
const takenLists = new WeakMap<readonly Conversation[], readonly ConversationSnapshot[]>();

/** The snapshot of a conversation as it is now. */
export function snapshotOf(conversation: Conversation): ConversationSnapshot {
  const known = taken.get(conversation);
  if (known?.version === conversation.version) return known;
  const snapshot: ConversationSnapshot = {
    conversation,
    id: conversation.id,
    version: conversation.version,
    name: conversation.name,
    state: conversation.state,
    epoch: conversation.epoch,
    unread: conversation.unread,
    readPosition: conversation.readPosition,
    draft: conversation.draft,
    lastMessage: conversation.lastMessage,
    members: conversation.members.list(),
  };
  taken.set(conversation, snapshot);
  return snapshot;
}

/** The snapshots of a list as it is now; the same array for as long as every one of them is the same. */
export function snapshotsOf(list: readonly Conversation[]): readonly ConversationSnapshot[] {
  const now = list.map(snapshotOf);
  const known = takenLists.get(list);
  if (known?.length === now.length && known.every((snapshot, index) => snapshot === now[index])) return known;
  takenLists.set(list, now);
  return now;
}
