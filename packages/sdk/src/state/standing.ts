import type { GroupEntry } from '@quicprochat/protocol';
import type { ConversationRow } from './rows.ts';

/** Where a conversation stands in its log, and what may come next there. */

export function isReadable(conversation: ConversationRow | undefined): conversation is ConversationRow {
  return conversation?.state === 'active' || conversation?.state === 'leaving';
}

/** Whether the epoch has been ended by nothing but void commits: it goes on with the next one. */
export function isContested({ voidCommits = 0 }: ConversationRow): boolean {
  return voidCommits > 0;
}

/** Whether nothing is left out before an entry at this place: commits come by their numbers, messages before all of them. */
export function isInTurn({ voidCommits = 0 }: ConversationRow, entry: GroupEntry): boolean {
  return entry.kind === 'commit' ? entry.candidate === voidCommits : voidCommits === 0;
}

export function isPassedOver({ voidCommits = 0 }: ConversationRow, entry: GroupEntry): boolean {
  return entry.kind === 'commit' && entry.candidate < voidCommits;
}

/** Whether more of the log was read meanwhile, void commits included. */
export function hasAdvanced(before: ConversationRow, after: ConversationRow | undefined): boolean {
  if (after === undefined) return false;
  const { cursor, epoch, voidCommits = 0 } = before;
  return after.cursor > cursor || after.epoch > epoch || (after.voidCommits ?? 0) > voidCommits;
}
