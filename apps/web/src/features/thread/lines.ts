import type { Message } from '@quicprochat/sdk';
import { sameDay } from '../../words/times.ts';
import type { Notice } from '../../words/describe.ts';

/** A message, with the time that is shown for it. */
export interface TimedMessage {
  message: Message;
  atMs: number;
}

/** What the log consists of, from top to bottom. */
export type Line =
  | { kind: 'day'; key: string; atMs: number }
  | { kind: 'unread'; key: string }
  | { kind: 'group'; key: string; from: string; own: boolean; messages: TimedMessage[] }
  | { kind: 'notice'; key: string; position: number; notice: Notice }
  | { kind: 'healed'; key: string; handles: string[] };

/** Messages of one person that are further apart than this are not said in one breath. */
const BREATH_MS = 5 * 60_000;

interface Options {
  /** The position of the message that the "New" line stands above. Undefined if there is none. */
  unreadAt: number | undefined;
}

/** Arranges messages into days, groups of bubbles, and what happened in between. */
export function linesOf(messages: readonly Message[], { unreadAt }: Options): Line[] {
  const lines: Line[] = [];
  let atMs = -Infinity;
  for (const message of messages) {
    const previousMs = atMs;
    atMs = shownTime(message, previousMs);
    if (previousMs === -Infinity || !sameDay(previousMs, atMs)) {
      lines.push({ kind: 'day', key: `day-${message.position}`, atMs });
    }
    if (message.position === unreadAt) lines.push({ kind: 'unread', key: 'unread' });
    append(lines, { message, atMs });
  }
  return lines;
}

/**
 * When a message was sent, as its sender says; but never after it arrived, nor before the one above it: a wrong or
 * lying clock must not turn the conversation's order around.
 */
function shownTime({ sentAtMs, receivedAtMs }: Message, previousMs: number): number {
  return Math.max(previousMs, Math.min(sentAtMs, receivedAtMs));
}

function append(lines: Line[], timed: TimedMessage): void {
  const { message } = timed;
  const { content, from, own } = message;
  const key = `line-${message.position}`;
  const last = lines.at(-1);
  switch (content.type) {
    case 'text':
      if (
        last?.kind === 'group' &&
        last.from === from &&
        last.own === own &&
        inOneBreath(last.messages, timed)
      ) {
        last.messages.push(timed);
      } else {
        lines.push({ kind: 'group', key, from, own, messages: [timed] });
      }
      return;
    case 'healed':
      // Devices renew by themselves and often at about the same time: one quiet line for all of them.
      if (last?.kind !== 'healed') lines.push({ kind: 'healed', key, handles: [content.handle] });
      else if (!last.handles.includes(content.handle)) last.handles.push(content.handle);
      return;
    default:
      lines.push({ kind: 'notice', key, position: message.position, notice: { content, from, own } });
  }
}

function inOneBreath(messages: readonly TimedMessage[], next: TimedMessage): boolean {
  const last = messages.at(-1);
  return last !== undefined && next.atMs - last.atMs < BREATH_MS;
}
