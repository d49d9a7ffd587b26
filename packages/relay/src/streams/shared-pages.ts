import type { StreamEvent } from '@quicprochat/protocol';
import type { Notary } from '../proof/notary.ts';
import { findEpoch } from '../store/groups.ts';
import { readEntries } from '../store/log.ts';
import type { Db } from '../store/schema.ts';
import type { Wake } from '../wake/wake.ts';
import { logTopic } from './topics.ts';

/** What is read from the store at once for a stream, and so all that a slow reader can make us hold. */
export const PAGE = { limit: 50, maxBytes: 256 * 1024 } as const;

/** Pages are kept as long as there are not more bytes in younger ones. */
const MOST_BYTES = 4 * 1024 * 1024;
/** What a page counts for besides its payloads, each of which is kept as text and as what is sent. */
const BYTES_OF_A_PAGE = 512;

/** What all streams at one place are given: the same objects. */
export interface SharedPage {
  readonly events: readonly StreamEvent[];
  /** The place after it. */
  readonly cursor: number;
  readonly more: boolean;
  readonly ended: boolean;
}

/** Where a stream stands in one of a group's logs, and under which epoch's key. */
export interface Place {
  groupId: string;
  logId: string;
  epoch: number;
  cursor: number;
}

/** A log that streams of this process follow. */
interface Followed {
  /** Told apart from all that was followed before: pages of an older version are not used again. */
  version: number;
  readonly listeners: Set<() => void>;
  readonly stop: () => void;
}

/**
 * Reads a log once for all streams of this process that stand at one place of it. A page is good until the next
 * wake-up of its log: who is woken by a write gets a page that was read after it. How far the key of an epoch opens the
 * log is looked up for each page anew, before its entries, so none goes beyond the commit that ended the epoch.
 *
 * Streams that fall behind stand elsewhere, and read for themselves. [RLY-63]
 */
export class SharedPages implements Pick<Wake, 'listen'> {
  readonly #db: Db;
  readonly #wake: Wake;
  readonly #notary: Notary;
  readonly #followed = new Map<string, Followed>();
  readonly #pages = new Map<string, Promise<SharedPage | undefined>>();
  readonly #bytesOf = new Map<string, number>();
  #bytes = 0;
  #versions = 0;

  constructor(db: Db, wake: Wake, notary: Notary) {
    this.#db = db;
    this.#wake = wake;
    this.#notary = notary;
  }

  /** As {@link Wake.listen}: {@link page} takes it for granted that who asks for one listens. */
  listen(topic: string, listener: () => void): () => void {
    const followed = this.#followed.get(topic) ?? this.#follow(topic);
    followed.listeners.add(listener);
    return () => {
      followed.listeners.delete(listener);
      if (followed.listeners.size > 0) return;
      followed.stop();
      this.#followed.delete(topic);
    };
  }

  /** The page after a place; undefined where no epoch of this number was ever begun. */
  page(place: Place): Promise<SharedPage | undefined> {
    const { logId, epoch, cursor } = place;
    const version = this.#followed.get(logTopic(logId))?.version;
    const key = `${logId} ${version} ${epoch} ${cursor}`;
    const known = this.#pages.get(key);
    if (known !== undefined) return known;
    const page = this.#read(place);
    this.#pages.set(key, page);
    page.then(
      (read) => this.#keep(key, read),
      () => this.#forget(key),
    );
    return page;
  }

  async #read({ groupId, logId, epoch, cursor }: Place): Promise<SharedPage | undefined> {
    const access = await findEpoch(this.#db, logId, epoch);
    if (access === undefined) return undefined;
    const { entries, after, ...page } = await readEntries(this.#db, { cursor, access, ...PAGE });
    const receipt = after && (await this.#notary.receipt(groupId, after));
    const events = entries.map((entry): StreamEvent => {
      return {
        type: 'group-entry',
        groupId,
        entry,
        ...(entry.sequence === receipt?.sequence && { receipt }),
      };
    });
    return { ...page, events };
  }

  #follow(topic: string): Followed {
    const followed: Followed = {
      version: ++this.#versions,
      listeners: new Set(),
      stop: this.#wake.listen(topic, () => {
        followed.version = ++this.#versions;
        for (const listener of followed.listeners) listener();
      }),
    };
    this.#followed.set(topic, followed);
    return followed;
  }

  #keep(key: string, page: SharedPage | undefined): void {
    const bytes = (page?.events ?? []).reduce((sum, event) => sum + 2 * payloadOf(event), BYTES_OF_A_PAGE);
    this.#bytesOf.set(key, bytes);
    this.#bytes += bytes;
    for (const oldest of this.#bytesOf.keys()) {
      if (this.#bytes <= MOST_BYTES) return;
      this.#forget(oldest);
    }
  }

  #forget(key: string): void {
    this.#pages.delete(key);
    this.#bytes -= this.#bytesOf.get(key) ?? 0;
    this.#bytesOf.delete(key);
  }
}

function payloadOf(event: StreamEvent): number {
  return event.type === 'group-entry' ? event.entry.payload.length : 0;
}
