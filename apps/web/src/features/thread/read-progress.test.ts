import type { Message } from '@quicprochat/sdk';
import { describe, expect, it } from 'vitest';
import { readProgress } from './read-progress.ts';

const text = { type: 'text', text: 'hello' } as const;
const healed = { type: 'healed', handle: 'bob' } as const;

function line(position: number, options: { own?: boolean; content?: Message['content'] } = {}): Message {
  return { position, own: false, content: text, ...options } as Message;
}

function lines(first: number, last: number): Message[] {
  return Array.from({ length: last - first + 1 }, (_, index) => line(first + index));
}

describe('readProgress', () => {
  it('goes up to the last message that was on the screen', () => {
    const loaded = { messages: lines(1, 520), firstUnread: 11 };
    const seen = new Set([11, 12, 13]);
    const snapshot = { readPosition: 10, unread: 510 };
    expect(readProgress({ snapshot, loaded, seen })).toEqual({ position: 13, next: 14 });
  });

  it('does not jump over a message that was not on the screen', () => {
    const loaded = { messages: lines(1, 20), firstUnread: 11 };
    const snapshot = { readPosition: 10, unread: 10 };
    const seen = new Set([11, 13, 14, 20]);
    expect(readProgress({ snapshot, loaded, seen })).toEqual({ position: 11, next: 12 });
  });

  it('takes own messages and what happened along, because nobody has to read them', () => {
    const messages = [line(1), line(2, { content: healed }), line(3, { own: true }), line(4)];
    const loaded = { messages, firstUnread: 1 };
    const snapshot = { readPosition: 0, unread: 2 };
    expect(readProgress({ snapshot, loaded, seen: new Set([1]) })).toEqual({ position: 3, next: 4 });
    expect(readProgress({ snapshot, loaded, seen: new Set([1, 4]) })).toEqual({
      position: 4,
      next: undefined,
    });
  });

  it('stays where it is while unread messages before the loaded part are left out', () => {
    const loaded = { messages: lines(501, 550), firstUnread: 101 };
    const snapshot = { readPosition: 100, unread: 450 };
    const seen = new Set(lines(501, 550).map(({ position }) => position));
    expect(readProgress({ snapshot, loaded, seen })).toEqual({ position: 100, next: 'above' });
  });

  it('goes on if nothing before the loaded part is unread', () => {
    const loaded = { messages: lines(501, 550), firstUnread: undefined };
    const snapshot = { readPosition: 100, unread: 50 };
    const seen = new Set(lines(501, 510).map(({ position }) => position));
    expect(readProgress({ snapshot, loaded, seen })).toEqual({ position: 510, next: 511 });
  });

  it('never goes back', () => {
    const loaded = { messages: lines(1, 50), firstUnread: undefined };
    expect(readProgress({ snapshot: { readPosition: 80, unread: 0 }, loaded, seen: new Set() })).toEqual({
      position: 80,
      next: undefined,
    });
  });
});
