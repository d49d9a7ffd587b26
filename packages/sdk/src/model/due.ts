/** When a group needs something of this device, by its own clock. Undefined if not by time alone. */
interface Times {
  updateDueAtMs: number | undefined;
  updateMustAtMs: number | undefined;
  commitDueAtMs: number | undefined;
}

/** What the update policy says of a group now: with `must`, the core encrypts nothing before this device has healed. */
export function updateDue(
  { updateDueAtMs, updateMustAtMs }: Pick<Times, 'updateDueAtMs' | 'updateMustAtMs'>,
  nowMs: number,
): 'no' | 'due' | 'must' {
  if (isOver(updateMustAtMs, nowMs)) return 'must';
  return isOver(updateDueAtMs, nowMs) ? 'due' : 'no';
}

/** Whether it is this member's turn to commit the proposals that wait. */
export function isCommitDue({ commitDueAtMs }: Pick<Times, 'commitDueAtMs'>, nowMs: number): boolean {
  return isOver(commitDueAtMs, nowMs);
}

function isOver(atMs: number | undefined, nowMs: number): boolean {
  return atMs !== undefined && atMs <= nowMs;
}
