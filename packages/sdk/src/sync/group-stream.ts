import type { Base64Url, GroupId } from '@quicprochat/protocol';
import type { Platform } from '../platform/platform.ts';
import type { RelayEvent } from '../transport/answers.ts';
import type { Events, Place } from '../transport/events.ts';
import { Followed } from './followed.ts';
import { KeptStream, StreamEnded } from './kept-stream.ts';
import { isRefusal } from './retries.ts';

/** A running stream that has not said by then that it follows what it was asked to is given up. A relay takes five seconds. */
const FOLLOW_WITHIN_MS = 10_000;

/** Entries of a stream that may be under way at once; the next ones stay with the relay until one of them is done. */
const MOST_UNDER_WAY = 64;

/** What the streams over groups need of the client. Nothing here rejects: whoever fails tries again by itself. */
export interface GroupStreamParts {
  platform: Platform;
  events: Pick<Events, 'followGroups' | 'followToo'>;
  /** The groups to follow now, each from where it was read. */
  places: () => readonly Place[];
  /** Takes an entry that a stream brought. */
  deliver: (event: Extract<RelayEvent, { type: 'group-entry' }>) => Promise<void>;
  /** Sends what waits in a conversation, after reading its log if asked to. */
  drive: (groupId: GroupId, options: { readLog: boolean }) => Promise<void>;
  /** Called when a stream opens or breaks. */
  onChange: () => void;
  /** Whether somebody waits for the relay to be reached. */
  isAwaited: () => boolean;
}

/** One stream over the logs of some groups, opened anew from our own cursors whenever it breaks. */
export class GroupStream {
  readonly #parts: GroupStreamParts;
  readonly #stopping = new AbortController();
  readonly #kept: KeptStream;
  /** The ids of the groups that are this stream's to follow. */
  readonly #assigned = new Set<GroupId>();
  /** The last entry of each group that is being taken. A conversation whose request hangs must not hold up the others. */
  readonly #underWay = new Map<GroupId, Promise<void>>();
  #underWayCount = 0;
  #reopen = new AbortController();
  #followed = new Followed([]);

  constructor(parts: GroupStreamParts, closing: AbortSignal) {
    this.#parts = parts;
    closing.addEventListener('abort', () => this.stop(), { once: true, signal: this.#stopping.signal });
    this.#kept = new KeptStream({
      platform: parts.platform,
      closing: this.#stopping.signal,
      followOnce: (signal) => this.#followReadable(signal),
      onChange: parts.onChange,
      isAwaited: parts.isAwaited,
    });
  }

  get isUp(): boolean {
    return this.#kept.isUp;
  }

  get size(): number {
    return this.#assigned.size;
  }

  start(): void {
    void this.#kept.run();
  }

  stop(): void {
    this.#stopping.abort();
  }

  restart(): void {
    this.#kept.restart();
  }

  hasten(): void {
    this.#kept.hasten();
  }

  doubt(): void {
    this.#kept.doubt();
  }

  has(groupId: GroupId): boolean {
    return this.#assigned.has(groupId);
  }

  assign(groupId: GroupId): void {
    this.#assigned.add(groupId);
  }

  /** Lets go of all groups but these. */
  keepOnly(wanted: ReadonlySet<GroupId>): void {
    for (const groupId of this.#assigned) if (!wanted.has(groupId)) this.#assigned.delete(groupId);
  }

  /** New epochs and groups are added to the stream that runs. To get rid of a group, it is opened anew. */
  followChanges(places: readonly Place[]): void {
    const groups = this.#ownOf(places);
    const missing = this.#followed.missing(groups);
    const { stream } = this.#followed;
    const isLeft = this.#followed.hasOthers(groups);
    if (missing.length > 0 && stream !== undefined && !isLeft) void this.#followToo(stream, missing);
    else if (missing.length > 0 || isLeft) this.#reopen.abort();
  }

  #groups(): Place[] {
    return this.#ownOf(this.#parts.places());
  }

  #ownOf(places: readonly Place[]): Place[] {
    return places.filter(({ groupId }) => this.#assigned.has(groupId));
  }

  /** The relay refuses a stream as a whole, whichever group it is for: reading each by itself tells. */
  async #followReadable(signal: AbortSignal): Promise<void> {
    try {
      await this.#followGroups(signal);
    } catch (error) {
      if (isRefusal(error)) await this.#findRefused();
      throw error;
    }
  }

  /** Those that are refused are left out of the next stream, and tried again by themselves. */
  async #findRefused(): Promise<void> {
    for (const { groupId } of this.#groups()) {
      if (this.#stopping.signal.aborted) return;
      await this.#parts.drive(groupId, { readLog: true });
    }
  }

  async #followGroups(signal: AbortSignal): Promise<void> {
    this.#reopen = new AbortController();
    const groups = this.#groups();
    const followed = (this.#followed = new Followed(groups));
    const either = AbortSignal.any([signal, this.#reopen.signal]);
    if (groups.length === 0) {
      this.#kept.opened();
      return aborted(either);
    }
    try {
      for await (const event of this.#parts.events.followGroups(groups, either)) {
        this.#kept.heard();
        await this.#take(event, followed);
      }
    } finally {
      followed.stream = undefined;
    }
    if (!either.aborted) await Promise.all(this.#underWay.values());
    // Where there is nothing else to follow, the relay closed it, and we wait a little before we come back.
    if (!either.aborted && followed.missing(this.#groups()).length === 0) throw new StreamEnded();
  }

  async #take(event: RelayEvent, followed: Followed): Promise<void> {
    switch (event.type) {
      case 'open':
        followed.stream = event.stream;
        this.#kept.opened();
        return this.#sendWaiting(followed.groupIds());
      case 'following':
        // Opened anew after a wait, since a relay could say this over and over.
        if (followed.hasGoneBack(event)) throw new StreamEnded();
        followed.confirm(event);
        return this.#sendWaiting([event.groupId]);
      case 'epoch-ended':
        // After its last commit was taken, so that the next epoch is what is missing.
        return void (this.#underWay.get(event.groupId) ?? Promise.resolve()).then(() => followed.end(event));
      case 'group-entry':
        // Of other groups nothing was asked; what a relay says of them all the same would wait here for ever.
        return this.#assigned.has(event.groupId) ? this.#deliver(event) : undefined;
      case 'ping':
      case 'signal':
      case 'inbox-entry':
      case 'key-packages-low':
      // What a later relay may say besides is not for this version.
    }
  }

  /** Hands an entry over, and waits only where too many are under way. */
  async #deliver(event: Extract<RelayEvent, { type: 'group-entry' }>): Promise<void> {
    const { groupId } = event;
    this.#underWayCount++;
    const taken = this.#parts.deliver(event).finally(() => {
      this.#underWayCount--;
      if (this.#underWay.get(groupId) === taken) this.#underWay.delete(groupId);
    });
    this.#underWay.set(groupId, taken);
    while (this.#underWayCount >= MOST_UNDER_WAY) await Promise.race(this.#underWay.values());
  }

  /** What was queued while there was no connection goes out now. */
  #sendWaiting(groupIds: readonly GroupId[]): void {
    for (const id of groupIds) void this.#parts.drive(id, { readLog: false });
  }

  /** Where the stream does not say in time that it follows, it is opened anew. */
  async #followToo(stream: Base64Url, groups: readonly Place[]): Promise<void> {
    const { events, platform } = this.#parts;
    const followed = this.#followed;
    const reopen = this.#reopen;
    followed.ask(groups);
    try {
      await events.followToo(stream, groups);
      const until = AbortSignal.any([reopen.signal, this.#stopping.signal]);
      await platform.timers.sleep(FOLLOW_WITHIN_MS, until);
    } catch {
      // Not asked, or already opened anew: either way it is looked at below.
    }
    if (followed.isWaitingFor(groups)) reopen.abort();
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
