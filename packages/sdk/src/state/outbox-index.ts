import type { EntryId, GroupId } from '@quicprochat/protocol';
import type { OutboxRow } from './rows.ts';
import { isUrgent } from './rows.ts';

/** What waits in one conversation. Numbers only grow, so that both maps are in the order of sending. */
interface Queue {
  urgent: Map<string, OutboxRow>;
  others: Map<string, OutboxRow>;
  /** The highest number that was given out. */
  last: number;
}

/**
 * What waits to be sent, found by conversation and by id, and who waits for it. So what one message costs does not depend
 * on how many others wait: nobody goes through them all, and what settles one wakes its own callers only.
 */
export class OutboxIndex {
  readonly #byId = new Map<string, OutboxRow>();
  readonly #queues = new Map<string, Queue>();
  readonly #listeners = new Map<string, Set<() => void>>();

  /** What waits in a conversation, first to go first. */
  *of(conversationId: GroupId): Generator<OutboxRow, void, undefined> {
    const queue = this.#queues.get(conversationId);
    if (queue === undefined) return;
    yield* queue.urgent.values();
    yield* queue.others.values();
  }

  first(conversationId: GroupId): OutboxRow | undefined {
    return this.of(conversationId).next().value ?? undefined;
  }

  byId(id: string): OutboxRow | undefined {
    return this.#byId.get(id);
  }

  /** The highest number in a conversation's queue; the next one is behind it. */
  lastOf(conversationId: GroupId): number {
    return this.#queues.get(conversationId)?.last ?? 0;
  }

  put(row: OutboxRow): void {
    const queue = this.#queueOf(row.conversationId);
    (isUrgent(row) ? queue.urgent : queue.others).set(row.order, row);
    queue.last = Math.max(queue.last, numberOf(row));
    this.#byId.set(row.id, row);
  }

  remove(row: OutboxRow): void {
    const queue = this.#queueOf(row.conversationId);
    const rows = isUrgent(row) ? queue.urgent : queue.others;
    // Another one may have taken its place.
    if (rows.get(row.order)?.id === row.id) rows.delete(row.order);
    if (queue.urgent.size + queue.others.size === 0) this.#queues.delete(row.conversationId);
    // It may have been moved to another place in the queue.
    if (this.#byId.get(row.id)?.order === row.order) this.#byId.delete(row.id);
  }

  clear(): void {
    this.#byId.clear();
    this.#queues.clear();
  }

  /** Calls back after something happened to what has this id. Returns how to stop it. */
  listen(id: EntryId, listener: () => void): () => void {
    const listeners = this.#listeners.get(id) ?? new Set();
    this.#listeners.set(id, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(id);
    };
  }

  /** Wakes who waits for these. */
  wake(ids: Iterable<string>): void {
    for (const id of ids) for (const listener of [...(this.#listeners.get(id) ?? [])]) listener();
  }

  wakeAll(): void {
    this.wake([...this.#listeners.keys()]);
  }

  #queueOf(conversationId: GroupId): Queue {
    const known = this.#queues.get(conversationId);
    if (known !== undefined) return known;
    const queue: Queue = { urgent: new Map(), others: new Map(), last: 0 };
    this.#queues.set(conversationId, queue);
    return queue;
  }
}

function numberOf({ order }: OutboxRow): number {
  return Number(order.slice(2));
}
