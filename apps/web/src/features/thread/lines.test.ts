import type { Message } from '@quicprochat/sdk';
import { describe, expect, it } from 'vitest';
import { linesOf } from './lines.ts';

function said(position: number, own = false): Message {
  const content = { type: 'text', text: String(position) } as const;
  const atMs = Date.UTC(2026, 0, 1, 12) + position;
  return {
    position,
    from: own ? 'alice' : 'bob',
    own,
    content,
    sentAtMs: atMs,
    receivedAtMs: atMs,
  } as Message;
}

const kinds = (messages: Message[], unreadAt?: number) =>
  linesOf(messages, { unreadAt }).map(({ kind }) => kind);

describe('linesOf', () => {
  it('puts the "New" line above the message that it is told, in the middle of what one person said', () => {
    const lines = linesOf([said(1), said(2), said(3)], { unreadAt: 3 });
    expect(lines.map(({ kind }) => kind)).toEqual(['day', 'group', 'unread', 'group']);
    expect(lines.at(-1)).toMatchObject({ messages: [{ message: { position: 3 } }] });
  });

  it('has no "New" line if that message is not loaded', () => {
    expect(kinds([said(50), said(51)], 3)).toEqual(['day', 'group']);
    expect(kinds([said(1), said(2)])).toEqual(['day', 'group']);
  });

  it('tells who acted in a line that nobody wrote', () => {
    const content = { type: 'members-added', handles: ['alice'] } as const;
    const lines = linesOf([{ ...said(1), content: { ...content, handles: ['alice'] } }], {
      unreadAt: undefined,
    });
    expect(lines.at(-1)).toMatchObject({ kind: 'notice', notice: { from: 'bob', own: false, content } });
  });
});
