import { isUrgent, type OutboxRow } from '../state/rows.ts';

/** A change of a conversation that was asked for on this device and has not reached the relay. */
export interface WaitingChange {
  /** Of a message, its id; the same for as long as it waits. */
  id: string;
  kind: 'message' | 'rename' | 'add' | 'remove' | 'heal' | 'leave';
  /** Whom `add` and `remove` are about. */
  handles?: readonly string[];
  /** `queued`: nothing of it was sent, and aborting its call cancels it. `sending`: it may take effect at any moment. */
  state: 'queued' | 'sending';
}

/** What a person is waiting for. What the client does on the group's behalf is not among it. */
export function waitingIn(rows: Iterable<OutboxRow>): WaitingChange[] {
  return [...rows].flatMap((row) => {
    const isDone = row.accepted !== undefined;
    const what = isDone || isUrgent(row) ? undefined : describe(row);
    if (what === undefined) return [];
    return { id: row.id, ...what, state: row.attempted ? ('sending' as const) : ('queued' as const) };
  });
}

function describe(row: OutboxRow): Pick<WaitingChange, 'kind' | 'handles'> | undefined {
  switch (row.kind) {
    case 'create':
      return undefined;
    case 'leave':
      return { kind: 'leave' };
    case 'message':
      if (row.renames !== undefined) return { kind: 'rename' };
      // Without a line in the history it tells new members the name.
      return row.position === undefined ? undefined : { kind: 'message' };
    case 'commit':
      return describeCommit(row.intent);
  }
}

function describeCommit(
  intent: Extract<OutboxRow, { kind: 'commit' }>['intent'],
): Pick<WaitingChange, 'kind' | 'handles'> | undefined {
  switch (intent.type) {
    case 'commit-proposals':
      return undefined;
    case 'heal':
      return { kind: 'heal' };
    case 'add':
      return { kind: 'add', handles: [...new Set(intent.claimed.map(({ handle }) => handle))] };
    case 'remove':
      return { kind: 'remove', handles: intent.handles };
  }
}
