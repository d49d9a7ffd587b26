import { LIMITS, toBase64Url, type StreamEvent } from '@quicprochat/protocol';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { takeFollowUps } from '../store/follow-ups.ts';
import { hashOf } from '../store/secrets.ts';
import { Waiter } from '../wake/waiter.ts';
import type { Place } from './shared-pages.ts';
import type { SignalEvent } from './signals.ts';
import { logTopic, streamTopic } from './topics.ts';

/** Signals that wait for a slow reader. Beyond that the oldest are lost. */
const MOST_SIGNALS = 16;

/** What a stream is to follow; written by us, and read back from our own store. */
export const placesSchema = z.array(
  z.object({ groupId: z.string(), logId: z.string(), epoch: z.number(), cursor: z.number() }),
);

/** What is needed of a relay. */
type Streaming = Pick<Context, 'db' | 'platform' | 'pages' | 'signals' | 'followUps' | 'idleStreamMs'>;

/** What a stream over groups carries. Ends by itself when it has nothing left to follow, and is given nothing. */
export async function* groupEvents(
  ctx: Streaming,
  { groups }: { groups: Place[] },
  ending: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const id = ctx.platform.randomBytes(32);
  const own = streamTopic(hashOf(id));
  const parts = new Parts(ctx, ending);
  try {
    for (const place of groups) parts.follow(place);
    parts.waiter.listen(ctx.followUps, own);
    yield { type: 'open', stream: toBase64Url(id) };
    let topics = parts.topics();
    while (!parts.waiter.isOver) {
      yield* parts.takeSignals();
      const unfinished: string[] = [];
      for (const topic of topics) {
        if (ending.aborted) return;
        if (topic === own) unfinished.push(...(yield* takeMore(ctx, parts, hashOf(id))));
        const place = parts.at(topic);
        if (place === undefined) continue;
        const state = yield* groupPage(ctx, place);
        if (state === 'ended') parts.leave(topic);
        if (state === 'more') unfinished.push(topic);
      }
      // A page of each in turn: one long log does not keep the other groups waiting.
      topics =
        unfinished.length > 0
          ? [...new Set([...unfinished, ...parts.waiter.rearm()])]
          : await parts.waiter.woken(parts.isEmpty ? ctx.idleStreamMs : undefined);
      if (parts.isEmpty && topics.length === 0) return;
    }
  } finally {
    parts.close();
  }
}

/** Follows what the stream was given while it runs. Gives the topics of that. */
async function* takeMore(
  ctx: Streaming,
  parts: Parts,
  streamHash: Buffer,
): AsyncGenerator<StreamEvent, string[]> {
  const topics: string[] = [];
  for (const given of await takeFollowUps(ctx.db, streamHash, ctx.platform.now())) {
    for (const place of placesSchema.parse(given)) {
      topics.push(parts.follow(place));
      yield { type: 'following', groupId: place.groupId, epoch: place.epoch };
    }
  }
  return topics;
}

/** One page of one group: whether there is more of it now, later, or never again under this epoch's key. */
async function* groupPage(
  ctx: Streaming,
  group: Place,
): AsyncGenerator<StreamEvent, 'more' | 'idle' | 'ended'> {
  const { groupId, epoch } = group;
  const page = await ctx.pages.page(group);
  if (page === undefined) return 'ended';
  group.cursor = page.cursor;
  yield* page.events;
  if (page.ended) yield { type: 'epoch-ended', groupId, epoch };
  if (page.ended) return 'ended';
  return page.more ? 'more' : 'idle';
}

/** What one stream follows, by the topics of the logs, and what wakes it. */
class Parts {
  readonly waiter: Waiter;
  readonly #ctx: Streaming;
  readonly #parts = new Map<string, { place: Place; stopSignals: () => void }>();
  /** Of each group's part, the topic: a group is followed in one place. */
  readonly #topics = new Map<string, string>();
  #signals: SignalEvent[] = [];

  constructor(ctx: Streaming, ending: AbortSignal) {
    this.#ctx = ctx;
    this.waiter = new Waiter(ctx.platform, ending);
  }

  get isEmpty(): boolean {
    return this.#parts.size === 0;
  }

  topics(): string[] {
    return [...this.#parts.keys()];
  }

  at(topic: string): Place | undefined {
    return this.#parts.get(topic)?.place;
  }

  /** Follows a group there, and nowhere else. Gives the topic. */
  follow(place: Place): string {
    this.leave(this.#topics.get(place.groupId));
    if (this.#parts.size >= LIMITS.maxStreamGroups) throw new RelayError('QUOTA_EXCEEDED');
    const topic = logTopic(place.logId);
    this.waiter.listen(this.#ctx.pages, topic);
    this.#parts.set(topic, { place, stopSignals: this.#ctx.signals.listen(place, this.#onSignal) });
    this.#topics.set(place.groupId, topic);
    return topic;
  }

  /** Nothing that was said in an epoch comes after its end. */
  leave(topic: string | undefined): void {
    const part = topic === undefined ? undefined : this.#parts.get(topic);
    if (topic === undefined || part === undefined) return;
    const { groupId, epoch } = part.place;
    part.stopSignals();
    this.waiter.ignore(topic);
    this.#parts.delete(topic);
    this.#topics.delete(groupId);
    this.#signals = this.#signals.filter((signal) => signal.groupId !== groupId || signal.epoch !== epoch);
  }

  /** What has come since this was asked last. Each waits for no longer than a page of each group takes. */
  takeSignals(): SignalEvent[] {
    return this.#signals.splice(0);
  }

  close(): void {
    for (const { stopSignals } of this.#parts.values()) stopSignals();
    this.waiter.close();
  }

  readonly #onSignal = (event: SignalEvent): void => {
    this.#signals.push(event);
    if (this.#signals.length > MOST_SIGNALS) this.#signals.shift();
    this.waiter.wake('');
  };
}
