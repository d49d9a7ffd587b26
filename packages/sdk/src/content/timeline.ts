import type { GroupId } from '@quicprochat/protocol';
import type { Message } from '../model/message.ts';
import { messageOf } from '../state/message-rows.ts';
import { messageKey } from '../state/rows.ts';
import type { Storage } from '../storage/storage.ts';

/** Lines read from the store at once. */
const PAGE = 200;

/** Reads a conversation's history out of the store, and follows it as it grows. */
export class Timeline {
  readonly #id: GroupId;
  readonly #storage: Pick<Storage, 'get' | 'scan'>;
  readonly #waiting = new Set<() => void>();
  #closed = false;

  constructor(id: GroupId, storage: Pick<Storage, 'get' | 'scan'>) {
    this.#id = id;
    this.#storage = storage;
  }

  async at(position: number): Promise<Message | undefined> {
    const key = messageKey(this.#id, position);
    const stored = await this.#storage.get(key);
    return stored === undefined ? undefined : messageOf({ key, value: stored });
  }

  /** The newest `limit` lines before a position, in their order. */
  async before(position: number, limit: number): Promise<Message[]> {
    const before = Number.isFinite(position) ? { before: messageKey(this.#id, Math.max(0, position)) } : {};
    const rows = await this.#storage.scan({ prefix: this.#prefix, limit, reverse: true, ...before });
    return rows.map(messageOf).reverse();
  }

  /** The oldest `limit` lines after a position, in their order. */
  async after(position: number, limit: number): Promise<Message[]> {
    const after = messageKey(this.#id, Math.max(0, position));
    const rows = await this.#storage.scan({ prefix: this.#prefix, after, limit });
    return rows.map(messageOf);
  }

  /** How many lines in between two positions match. They are read by pages, since a history can have any length. */
  async count(
    { after, before = Infinity }: { after: number; before?: number },
    matches: (message: Message) => boolean,
  ): Promise<number> {
    let count = 0;
    for (let last = after; last < before - 1;) {
      const page = await this.after(last, PAGE);
      count += page.filter((message) => message.position < before && matches(message)).length;
      last = page.at(-1)?.position ?? Infinity;
    }
    return count;
  }

  /** The lines after a position, as they come, until the signal aborts or this is closed. */
  async *follow(after: number, signal?: AbortSignal): AsyncGenerator<Message, void, undefined> {
    let position = after;
    while (!this.#isOver(signal)) {
      // Asked for before reading: what is written while the page is read wakes us afterwards.
      const changed = this.#nextChange(signal);
      for (const message of await this.after(position, PAGE)) {
        position = message.position;
        yield message;
        if (this.#isOver(signal)) return;
      }
      if ((await this.after(position, 1)).length === 0) await changed;
    }
  }

  wake(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }

  close(): void {
    this.#closed = true;
    this.wake();
  }

  #isOver(signal: AbortSignal | undefined): boolean {
    return this.#closed || signal?.aborted === true;
  }

  #nextChange(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        this.#waiting.delete(done);
        signal?.removeEventListener('abort', done);
        resolve();
      };
      this.#waiting.add(done);
      signal?.addEventListener('abort', done, { once: true });
    });
  }

  get #prefix(): string {
    return `message/${this.#id}/`;
  }
}
