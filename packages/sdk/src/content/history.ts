import { toBase64Url, type EntryId, type GroupEntry, type GroupId } from '@quicprochat/protocol';
import type { ErrorCode } from '../model/errors.ts';
import type { Content } from '../model/message.ts';
import type { CoreMember, Processed, Removal } from '../worker/protocol.ts';
import { decodePayload } from './payload.ts';
import type { NewMessage, Transaction } from '../state/transaction.ts';

/** Adds what an application message says to the history; a new name also names the conversation. */
export async function recordApplication(
  tx: Transaction,
  conversationId: GroupId,
  received: Extract<Processed, { kind: 'application' }>,
  context: { entry: GroupEntry; nowMs: number },
): Promise<void> {
  const { entry, nowMs } = context;
  const payload = decodePayload(received.plaintext);
  const line = lineOf({ from: received.sender, epoch: received.epoch, nowMs });
  if ('again' in payload && (await tx.hasLine(conversationId, { id: payload.id, from: line.from }))) return;

  switch (payload.type) {
    case 'text':
      tx.append(conversationId, {
        ...line,
        id: payload.id,
        sentAtMs: payload.at,
        content: { type: 'text', text: payload.text },
      });
      return;
    case 'name': {
      const { name, nameFrom } = tx.conversation(conversationId);
      const isAwaited = nameFrom === toBase64Url(received.sender.accountKey);
      if (payload.reminder === true) {
        // From anyone else it is for another newcomer; and it must not name what has been named here since.
        if (isAwaited) tx.update(conversationId, { name: payload.name, nameFrom: undefined });
        return;
      }
      tx.update(conversationId, { name: payload.name, nameFrom: undefined });
      if (name === payload.name) return;
      tx.append(conversationId, {
        ...line,
        id: payload.id,
        sentAtMs: payload.at,
        content: { type: 'renamed', name: payload.name },
      });
      return;
    }
    case 'unsupported':
    case 'malformed': {
      const code = payload.type === 'malformed' ? 'MALFORMED_CONTENT' : 'UNSUPPORTED_CONTENT';
      tx.append(conversationId, { ...line, id: entry.id, content: { type: 'undecryptable', code } });
    }
  }
}

/** What a commit did to the members. */
interface MemberChanges {
  sender: CoreMember;
  added: readonly CoreMember[];
  removed: readonly Removal[];
}

/** Adds what a commit did to the history. */
export function recordCommit(
  tx: Transaction,
  conversationId: GroupId,
  commit: MemberChanges & { epoch: number },
  { id, nowMs }: { id: string; nowMs: number },
): void {
  for (const { from, content } of deedsOf(commit)) {
    tx.append(conversationId, { ...lineOf({ from, epoch: commit.epoch, nowMs }), id, content });
  }
}

/** Adds that something could not be opened. */
export function recordUndecryptable(
  tx: Transaction,
  conversationId: GroupId,
  failed: { entry: GroupEntry; code: ErrorCode; nowMs: number },
): void {
  const { entry, code, nowMs } = failed;
  tx.append(conversationId, {
    id: entry.id,
    from: '',
    own: false,
    epoch: entry.epoch,
    sentAtMs: nowMs,
    receivedAtMs: nowMs,
    state: 'received',
    content: { type: 'undecryptable', code },
  });
}

/** Has the device heal before it encrypts anything else, and says so once. */
export function noteCopy(
  tx: Transaction,
  conversationId: GroupId,
  entry: Pick<GroupEntry, 'id' | 'epoch'>,
): void {
  const { mustHeal } = tx.conversation(conversationId);
  if (mustHeal === true) return;
  tx.update(conversationId, { mustHeal: true });
  const line = { id: entry.id, from: '', own: false, epoch: entry.epoch, state: 'received' as const };
  tx.append(conversationId, {
    ...line,
    sentAtMs: tx.nowMs,
    receivedAtMs: tx.nowMs,
    content: { type: 'copied' },
  });
}

/** A line of this device's own that waits to be sent. */
export function ownLine(options: {
  id: EntryId;
  handle: string;
  epoch: number;
  nowMs: number;
  content: Content;
}): NewMessage {
  const { id, handle, epoch, nowMs, content } = options;
  return {
    id,
    from: handle,
    own: true,
    epoch,
    sentAtMs: nowMs,
    receivedAtMs: nowMs,
    state: 'queued',
    content,
  };
}

function lineOf({ from, epoch, nowMs }: { from: CoreMember; epoch: number; nowMs: number }) {
  const state = from.own ? ('sent' as const) : ('received' as const);
  return { from: from.handle, own: from.own, epoch, sentAtMs: nowMs, receivedAtMs: nowMs, state };
}

/** Who did what. Whoever commits has only healed, where all else was proposed by others. */
function deedsOf({ sender, added, removed }: MemberChanges): { from: CoreMember; content: Content }[] {
  const deeds: { from: CoreMember; content: Content }[] = [];
  for (const by of removersOf(removed)) {
    const gone = removed.filter((removal) => removal.by.leafIndex === by.leafIndex);
    const others = gone.filter(({ member }) => member.leafIndex !== by.leafIndex).map(({ member }) => member);
    if (others.length < gone.length) deeds.push({ from: by, content: { type: 'left', handle: by.handle } });
    if (others.length > 0)
      deeds.push({ from: by, content: { type: 'members-removed', handles: handlesOf(others) } });
  }
  if (added.length > 0)
    deeds.push({ from: sender, content: { type: 'members-added', handles: handlesOf(added) } });
  if (deeds.length === 0) deeds.push({ from: sender, content: { type: 'healed', handle: sender.handle } });
  return deeds;
}

/** Everyone who proposed a removal, once. */
function removersOf(removed: readonly Removal[]): CoreMember[] {
  return [...new Map(removed.map(({ by }) => [by.leafIndex, by])).values()];
}

function handlesOf(members: readonly CoreMember[]): string[] {
  return [...new Set(members.map(({ handle }) => handle))].sort();
}
