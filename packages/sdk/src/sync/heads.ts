import type { GroupHead, GroupId } from '@quicprochat/protocol';
import { hasCode } from '../model/errors.ts';
import type { Ledger } from '../state/ledger.ts';
import { conversations, type ConversationRow } from '../state/rows.ts';
import { isReadable } from '../state/standing.ts';
import type { Relay } from '../transport/relay.ts';

/**
 * Asks the relay once how far the logs of all conversations go.
 *
 * @returns the conversations of whose log this device has not read everything, or of which the relay says anything else
 *   than what it has read
 */
export async function behindTheirLogs(ledger: Ledger, relay: Relay): Promise<ReadonlySet<GroupId>> {
  for (;;) {
    const followed = ledger.rows(conversations).filter((row) => isReadable(row) && isAtRelay(ledger, row));
    if (followed.length === 0) return new Set();
    try {
      const heads = await relay.groups.heads(followed.map(({ id, epoch }) => ({ groupId: id, epoch })));
      return new Set(followed.filter((row, i) => !isAt(heads[i], row)).map(({ id }) => id));
    } catch (error) {
      // One that turned out to be stuck must not keep the others from being read.
      if (!hasCode(error, 'KEYS_ERASED') || !followed.some((row) => isStranded(ledger, row))) throw error;
    }
  }
}

function isStranded(ledger: Ledger, { id }: ConversationRow): boolean {
  return !isReadable(ledger.row(conversations, id));
}

/** A group that the relay has not heard of yet has no log. */
function isAtRelay(ledger: Ledger, { id }: ConversationRow): boolean {
  return ledger.outbox.first(id)?.kind !== 'create';
}

/** Whether the log ends where this device has read to. What the relay refuses to tell is for the reader to find out. */
function isAt(head: GroupHead | undefined, { cursor, head: ownHead }: ConversationRow): boolean {
  if (head === undefined || 'error' in head || head.ended || head.sequence !== cursor) return false;
  return ownHead === undefined || head.receipt.head === ownHead;
}
