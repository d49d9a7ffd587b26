import type { GroupId } from '@quicprochat/protocol';
import type { GroupState } from '../worker/protocol.ts';
import type { ConversationRow } from './rows.ts';

/** The row of a conversation that this device has just entered; after a second coming, with its old history. */
export function enteredRow(
  { id, group, cursor, nowMs }: { id: GroupId; group: GroupState; cursor: number; nowMs: number },
  before?: ConversationRow,
): ConversationRow {
  return {
    id,
    name: before?.name ?? '',
    // A relay that has shown two logs does not become honest by a Welcome.
    ...(before?.fork
      ? { state: 'forked', fork: before.fork, receipts: before.receipts ?? [] }
      : { state: 'active' }),
    suite: group.suite,
    epoch: group.epoch,
    cursor,
    nextPosition: before?.nextPosition ?? 1,
    readPosition: before?.readPosition ?? 0,
    unread: before?.unread ?? 0,
    ...(before?.lastMessage && { lastMessage: before.lastMessage }),
    lastActivityMs: nowMs,
  };
}
