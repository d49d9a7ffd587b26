import type { GroupId } from '@quicprochat/protocol';
import type { Arrived } from '../log/reader.ts';

/** Of one conversation, entries that wait; of all together, characters of payload. Beyond that the log is read by pages. */
const MOST_ENTRIES = 1_000;
const MOST_CHARS = 16 * 1024 * 1024;

/** What streams brought and is not applied yet, as while the storage is busy. Bounded: a relay decides what it sends. */
export class Arrivals {
  readonly #waiting = new Map<string, Arrived[]>();
  #chars = 0;

  /** False if there is no room for it: then it has to be read from the log. */
  add(conversationId: GroupId, arrived: Arrived): boolean {
    const waiting = this.#waiting.get(conversationId) ?? [];
    const chars = charsOf(arrived);
    const hasRoom = waiting.length < MOST_ENTRIES && this.#chars + chars <= MOST_CHARS;
    if (!hasRoom) return false;
    waiting.push(arrived);
    this.#waiting.set(conversationId, waiting);
    this.#chars += chars;
    return true;
  }

  /** What waits now, first to be applied first. */
  of(conversationId: GroupId): readonly Arrived[] {
    return [...(this.#waiting.get(conversationId) ?? [])];
  }

  /** Takes the first so many out. */
  take(conversationId: GroupId, count: number): void {
    const waiting = this.#waiting.get(conversationId) ?? [];
    for (const arrived of waiting.splice(0, count)) this.#chars -= charsOf(arrived);
    if (waiting.length === 0) this.#waiting.delete(conversationId);
  }

  clear(conversationId: GroupId): void {
    this.take(conversationId, Infinity);
  }
}

function charsOf({ entry }: Arrived): number {
  return entry.payload.length;
}
