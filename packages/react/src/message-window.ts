import type { Client, Conversation, Message } from '@quicprochat/sdk';
import { findFirstUnread } from './unread.ts';

/** Where a window starts: at the newest message, or around the first unread one. */
export type WindowPlace = 'newest' | 'first-unread';

/** The loaded part of a conversation's history at one moment. */
export interface MessagesSnapshot {
  /** Lines in ascending order, without gaps. A line that has not changed stays the same object in each snapshot. */
  readonly messages: readonly Message[];
  readonly status: 'loading' | 'ready' | 'failed';
  /** While `failed`: why the history cannot be read. */
  readonly error: unknown;
  /** Whether there are lines before the first one here. */
  readonly hasEarlier: boolean;
  /** Whether there are lines after the last one here. New messages appear here only while there are none. */
  readonly hasLater: boolean;
  /** Whether it holds the most lines that it may. Loading at one end then drops lines at the other. */
  readonly isFull: boolean;
  /** The position of the first message that was unread when the window was placed. */
  readonly firstUnread: number | undefined;
  /** Where the window was placed last. Each placement makes a new object; a view must then scroll. */
  readonly placing: { readonly at: WindowPlace };
}

export const EMPTY: MessagesSnapshot = {
  messages: [],
  status: 'loading',
  error: undefined,
  hasEarlier: false,
  hasLater: false,
  isFull: false,
  firstUnread: undefined,
  placing: { at: 'newest' },
};

export interface MessageWindowOptions {
  /** Where the window starts. Default `newest`. */
  start?: WindowPlace | undefined;
  /** How many lines are loaded at once. */
  pageSize?: number | undefined;
}

/** Beyond so many pages, loading at one end drops lines at the other: scrolling far must not cost ever more. */
const MOST_PAGES = 10;

/** The first and the longest wait before a reading that failed is tried again: no other change may come for long. */
const AGAIN_MS = { first: 500, most: 30_000 };

/** What one reading found. */
type Part = Pick<MessagesSnapshot, 'messages' | 'hasEarlier' | 'hasLater'>;

/**
 * Keeps a part of one conversation's history in memory and in step with the store. It reads the whole part again after
 * a change, rather than apply events to it: a line's state can change anywhere in it, another tab can be the one that
 * changed it, and the store is the only one that knows.
 */
export class MessageWindow {
  readonly #client: Client;
  readonly #conversation: Conversation;
  readonly #start: WindowPlace;
  readonly #pageSize: number;
  readonly #listeners = new Set<() => void>();
  #unsubscribe: (() => void) | undefined;
  #current: MessagesSnapshot = EMPTY;
  #readVersion = -1;
  #isPlaced = false;
  /** The end of the queue of readings: each starts from what the one before it has shown. */
  #turn: Promise<void> = Promise.resolve();
  #refreshing: Promise<void> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #againMs = AGAIN_MS.first;

  constructor(client: Client, conversation: Conversation, options: MessageWindowOptions = {}) {
    this.#client = client;
    this.#conversation = conversation;
    this.#start = options.start ?? 'newest';
    this.#pageSize = options.pageSize ?? 50;
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
      clearTimeout(this.#again);
    };
  };

  /** Widens the window by a page towards the beginning. */
  readonly loadEarlier = (): Promise<void> =>
    this.#inTurn(async () => {
      const { messages, hasEarlier, hasLater } = this.#current;
      const first = messages[0];
      if (first === undefined || !hasEarlier) return;
      const page = await this.#before(first.position, this.#pageSize);
      const all = [...page.messages, ...messages];
      const kept = all.slice(0, this.#mostLines);
      this.#show({
        messages: kept,
        hasEarlier: page.hasEarlier,
        hasLater: hasLater || kept.length < all.length,
      });
    });

  /** Widens the window by a page towards the end. */
  readonly loadLater = (): Promise<void> =>
    this.#inTurn(async () => {
      const { messages, hasEarlier, hasLater } = this.#current;
      const last = messages.at(-1);
      if (last === undefined || !hasLater) return;
      const page = await this.#after(last.position, this.#pageSize);
      const all = [...messages, ...page.messages];
      const kept = all.slice(-this.#mostLines);
      this.#show({
        messages: kept,
        hasEarlier: hasEarlier || kept.length < all.length,
        hasLater: page.hasLater,
      });
    });

  /** Places the window anew, at the newest message or around the first unread one. */
  readonly goTo = (place: WindowPlace): Promise<void> => this.#inTurn(() => this.#placeAt(place));

  /** Reads again if the conversation changed since. Calls while it reads share the reading. */
  refresh(): Promise<void> {
    this.#refreshing ??= this.#inTurn(() => this.#readUntilCurrent());
    return this.#refreshing;
  }

  /** Runs readings one after the other. A failure shows in the snapshot and stops nothing that comes later. */
  #inTurn(read: () => Promise<void>): Promise<void> {
    this.#turn = this.#turn.then(read).catch((error: unknown) => {
      this.#set({ ...this.#current, status: 'failed', error });
    });
    return this.#turn;
  }

  async #readUntilCurrent(): Promise<void> {
    clearTimeout(this.#again);
    try {
      while (this.#conversation.version !== this.#readVersion) {
        // Taken before the reading: what changes during it is read in the next round.
        const version = this.#conversation.version;
        const [first] = this.#current.messages;
        if (!this.#isPlaced) await this.#placeAt(this.#start);
        else if (first === undefined) this.#show(await this.#newest());
        else this.#show(await this.#reread(first.position));
        this.#readVersion = version;
      }
      this.#againMs = AGAIN_MS.first;
    } catch (error) {
      this.#tryAgainLater();
      throw error;
    } finally {
      // In the same step as the last look at the version: a change right after it must start a reading of its own.
      this.#refreshing = undefined;
    }
  }

  /** If nobody listens, the next listener reads again. */
  #tryAgainLater(): void {
    if (this.#listeners.size === 0) return;
    this.#again = setTimeout(() => void this.refresh(), this.#againMs);
    this.#againMs = Math.min(2 * this.#againMs, AGAIN_MS.most);
  }

  async #placeAt(place: WindowPlace): Promise<void> {
    const firstUnread = await findFirstUnread(this.#conversation);
    const isAtUnread = place === 'first-unread' && firstUnread !== undefined;
    const part = isAtUnread ? await this.#around(firstUnread) : await this.#newest();
    this.#isPlaced = true;
    this.#show(part, { firstUnread, placing: { at: isAtUnread ? place : 'newest' } });
  }

  async #newest(): Promise<Part> {
    return { ...(await this.#before(undefined, this.#pageSize)), hasLater: false };
  }

  /** A page from a position on, and half a page before it: what was read last, to go on from. */
  async #around(position: number): Promise<Part> {
    const before = await this.#before(position, Math.ceil(this.#pageSize / 2));
    const after = await this.#after(position - 1, this.#pageSize);
    return { ...before, ...after, messages: [...before.messages, ...after.messages] };
  }

  /** The same part again. At the end of the history it also takes in what is new, and drops the oldest lines for it. */
  async #reread(from: number): Promise<Part> {
    const { messages, hasEarlier, hasLater } = this.#current;
    if (hasLater) {
      const again = await this.#after(from - 1, messages.length);
      return { messages: again.messages, hasEarlier, hasLater: again.hasLater };
    }
    // A little more than there is now, so that a few new lines do not cost a second page.
    const limit = Math.max(this.#pageSize, messages.length + 10);
    let page = await this.#after(from - 1, limit);
    let kept = page.messages.slice(-this.#mostLines);
    let isCut = kept.length < page.messages.length;
    while (page.hasLater) {
      page = await this.#after(kept.at(-1)?.position ?? from, limit);
      const all = [...kept, ...page.messages];
      kept = all.slice(-this.#mostLines);
      isCut ||= kept.length < all.length;
    }
    return { messages: kept, hasEarlier: hasEarlier || isCut, hasLater: false };
  }

  /** The newest lines before a position. Asks for one more than wanted, to know whether there is one. */
  async #before(before: number | undefined, limit: number): Promise<Pick<Part, 'messages' | 'hasEarlier'>> {
    const range = before === undefined ? {} : { before };
    const found = await this.#conversation.history({ ...range, limit: limit + 1 });
    return { messages: found.slice(-limit), hasEarlier: found.length > limit };
  }

  /** The oldest lines after a position. */
  async #after(after: number, limit: number): Promise<Pick<Part, 'messages' | 'hasLater'>> {
    const found = await this.#conversation.history({ after, limit: limit + 1 });
    return { messages: found.slice(0, limit), hasLater: found.length > limit };
  }

  get #mostLines(): number {
    return this.#pageSize * MOST_PAGES;
  }

  #show(part: Part, placed: Partial<Pick<MessagesSnapshot, 'firstUnread' | 'placing'>> = {}): void {
    const messages = keepUnchanged(this.#current.messages, part.messages);
    const isFull = messages.length >= this.#mostLines;
    this.#set({ ...this.#current, ...part, ...placed, messages, isFull, status: 'ready', error: undefined });
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
