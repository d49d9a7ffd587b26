import type { GroupEntry } from '@quicprochat/protocol';
import type { GroupTimes } from '../worker/protocol.ts';
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

/** What the update policy says of a group now: with `must`, the core encrypts nothing before this device has healed. */
export function updateDue(
  { updateDueAtMs, updateMustAtMs }: Pick<GroupTimes, 'updateDueAtMs' | 'updateMustAtMs'>,
  nowMs: number,
): 'no' | 'due' | 'must' {
  if (isOver(updateMustAtMs, nowMs)) return 'must';
  return isOver(updateDueAtMs, nowMs) ? 'due' : 'no';
}

/** Whether it is this member's turn to commit the proposals that wait. */
export function isCommitDue({ commitDueAtMs }: Pick<GroupTimes, 'commitDueAtMs'>, nowMs: number): boolean {
  return isOver(commitDueAtMs, nowMs);
}

function isOver(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && atMs <= nowMs;
}
