import type { EntryId, GroupEntry } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import type { ErrorCode } from '../errors.ts';
import type { Content } from '../message.ts';
import type { Platform } from '../platform/platform.ts';
import type { CoreMember, Processed } from '../worker/protocol.ts';
import { decodePayload } from './payload.ts';
import type { NewMessage, Transaction } from './transaction.ts';

/** An id that nobody has used and nobody can guess. */
export function newEntryId(platform: Platform): EntryId {
  return hex.encode(platform.random.bytes(16)) as EntryId;
}

/** Adds what an application message says to the history; a new name also names the conversation. */
export function recordApplication(
  tx: Transaction,
  conversationId: string,
  received: Extract<Processed, { kind: 'application' }>,
  context: { entry: GroupEntry; nowMs: number },
): void {
  const { entry, nowMs } = context;
  const payload = decodePayload(received.plaintext);
  const line = lineOf({ from: received.sender, epoch: received.epoch, nowMs });

  switch (payload.type) {
    case 'text':
      tx.append(conversationId, {
        ...line,
        id: payload.id,
        sentAtMs: payload.at,
        content: { type: 'text', text: payload.text },
      });
      return;
    case 'name':
      if (tx.conversation(conversationId).name === payload.name) return;
      tx.update(conversationId, { name: payload.name });
      tx.append(conversationId, {
        ...line,
        id: payload.id,
        sentAtMs: payload.at,
        content: { type: 'renamed', name: payload.name },
      });
      return;
    case 'unsupported':
    case 'malformed': {
      const code = payload.type === 'malformed' ? 'MALFORMED_CONTENT' : 'UNSUPPORTED_CONTENT';
      tx.append(conversationId, { ...line, id: entry.id, content: { type: 'undecryptable', code } });
    }
  }
}

/** Adds what a commit did to the history. */
export function recordCommit(
  tx: Transaction,
  conversationId: string,
  commit: { sender: CoreMember; epoch: number; added: CoreMember[]; removed: CoreMember[] },
  context: { id: string; nowMs: number },
): void {
  const line = {
    ...lineOf({ from: commit.sender, epoch: commit.epoch, nowMs: context.nowMs }),
    id: context.id,
  };
  for (const content of contentsOf(commit)) tx.append(conversationId, { ...line, content });
}

/** Adds that something could not be opened. */
export function recordUndecryptable(
  tx: Transaction,
  conversationId: string,
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

function contentsOf({
  sender,
  added,
  removed,
}: {
  sender: CoreMember;
  added: CoreMember[];
  removed: CoreMember[];
}) {
  const contents: Content[] = [];
  if (added.length > 0) contents.push({ type: 'members-added', handles: handlesOf(added) });
  if (removed.length > 0) contents.push({ type: 'members-removed', handles: handlesOf(removed) });
  if (contents.length === 0) contents.push({ type: 'healed', handle: sender.handle });
  return contents;
}

function handlesOf(members: readonly CoreMember[]): string[] {
  return [...new Set(members.map(({ handle }) => handle))].sort();
}
