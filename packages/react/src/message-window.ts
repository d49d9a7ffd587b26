import type { Client, Conversation, Message } from '@quicprochat/sdk';

/** The loaded end of a conversation's history, at one moment. */
export interface MessagesSnapshot {
  /** Ascending. Lines that did not change keep their object from snapshot to snapshot. */
  readonly messages: readonly Message[];
  readonly status: 'loading' | 'ready' | 'failed';
  /** Why the history cannot be read, while `failed`. */
  readonly error: unknown;
  /** Whether there can be lines before the first one here. */
  readonly hasEarlier: boolean;
}

export const EMPTY: MessagesSnapshot = {
  messages: [],
  status: 'loading',
  error: undefined,
  hasEarlier: false,
};

/**
 * Keeps the newest part of one conversation's history in memory and in step with the store. It reads the whole part
 * again after a change, rather than apply events to it: a line's state can change anywhere in it, another tab can be
 * the one that changed it, and the store is the only one that knows.
 */
export class MessageWindow {
  readonly #client: Client;
  readonly #conversation: Conversation;
  readonly #pageSize: number;
  readonly #listeners = new Set<() => void>();
  #unsubscribe: (() => void) | undefined;
  #current: MessagesSnapshot = EMPTY;
  #readVersion = -1;
  /** The lowest position that must be in the window; undefined until the first page told. */
  #from: number | undefined;
  #startReached = false;
  #reading: Promise<void> | undefined;

  constructor(client: Client, conversation: Conversation, pageSize = 50) {
    this.#client = client;
    this.#conversation = conversation;
    this.#pageSize = pageSize;
  }

  readonly snapshot = (): MessagesSnapshot => this.#current;

  /** Follows the conversation for as long as somebody listens. */
  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    this.#unsubscribe ??= this.#client.subscribe(() => void this.refresh());
    void this.refresh();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      this.#unsubscribe?.();
      this.#unsubscribe = undefined;
    };
  };

  /** Widens the window by a page towards the beginning. */
  readonly loadEarlier = async (): Promise<void> => {
    const first = this.#current.messages[0];
    if (first === undefined || this.#startReached) return;
    try {
      const page = await this.#conversation.history({ before: first.position, limit: this.#pageSize });
      this.#startReached = page.length < this.#pageSize;
      this.#from = page[0]?.position ?? first.position;
      this.#show([...page, ...this.#current.messages.filter(({ position }) => position >= first.position)]);
    } catch (error) {
      this.#fail(error);
    }
  };

  /** Reads again if the conversation changed since. Calls while it reads share the reading. */
  refresh(): Promise<void> {
    this.#reading ??= this.#readUntilCurrent().finally(() => {
      this.#reading = undefined;
    });
    return this.#reading;
  }

  async #readUntilCurrent(): Promise<void> {
    while (this.#conversation.version !== this.#readVersion) {
      // Taken before the reading: what changes during it is read in the next round.
      const version = this.#conversation.version;
      try {
        this.#show(await this.#read());
        this.#readVersion = version;
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
  }

  async #read(): Promise<Message[]> {
    const loaded = this.#current.messages.length;
    // A little more than there is now, so that a few new lines do not cost a second page.
    const limit = loaded === 0 ? this.#pageSize : Math.max(this.#pageSize, loaded + 10);
    let page = await this.#conversation.history({ limit });
    let all = page;
    while (this.#from !== undefined && page.length === limit && (all[0]?.position ?? 0) > this.#from) {
      page = await this.#conversation.history({ before: all[0]?.position ?? 0, limit });
      all = [...page, ...all];
    }
    this.#startReached ||= page.length < limit;
    this.#from ??= all[0]?.position;
    return all.filter(({ position }) => position >= (this.#from ?? 0));
  }

  #show(messages: readonly Message[]): void {
    const kept = keepUnchanged(this.#current.messages, messages);
    this.#set({ messages: kept, status: 'ready', error: undefined, hasEarlier: !this.#startReached });
  }

  #fail(error: unknown): void {
    this.#set({ ...this.#current, status: 'failed', error });
  }

  #set(snapshot: MessagesSnapshot): void {
    this.#current = snapshot;
    for (const listener of this.#listeners) listener();
  }
}

/** The new lines, with the old objects where nothing changed: `memo` then skips all bubbles but the ones that did. */
function keepUnchanged(before: readonly Message[], now: readonly Message[]): Message[] {
  const known = new Map(before.map((message) => [message.position, message]));
  return now.map((message) => {
    const old = known.get(message.position);
    const same =
      old?.id === message.id &&
      old.state === message.state &&
      old.epoch === message.epoch &&
      old.content.type === message.content.type;
    return same ? old : message;
  });
}
