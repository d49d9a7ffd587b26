import type { StreamEvent } from '@quicprochat/protocol';
import type { Context } from './context.ts';
import type { Place } from './shared-pages.ts';
import type { SignalEvent } from './signals.ts';
import { logTopic } from './topics.ts';
import { Waiter } from './wake/waiter.ts';

/** Signals that wait for a slow reader. Beyond that the oldest are lost. */
const MOST_SIGNALS = 16;

/** What is needed of a relay. */
type Streaming = Pick<Context, 'pages' | 'signals'>;

/** What a stream over groups carries. Ends by itself when the epochs of all its groups have. */
export async function* groupEvents(
  ctx: Streaming,
  { groups }: { groups: Place[] },
  ending: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const parts = new Parts(ctx, ending);
  for (const place of groups) parts.follow(place);
  try {
    yield { type: 'open' };
    let topics = parts.topics();
    while (!parts.waiter.isOver) {
      yield* parts.takeSignals();
      const unfinished: string[] = [];
      for (const topic of topics) {
        if (ending.aborted) return;
        const place = parts.at(topic);
        if (place === undefined) continue;
        const state = yield* groupPage(ctx, place);
        if (state === 'ended') parts.leave(topic);
        if (state === 'more') unfinished.push(topic);
      }
      if (parts.topics().length === 0) return;
      // A page of each in turn: one long log does not keep the other groups waiting.
      topics =
        unfinished.length > 0
          ? [...new Set([...unfinished, ...parts.waiter.rearm()])]
          : await parts.waiter.woken();
    }
  } finally {
    parts.close();
  }
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

/** The logs that one stream follows, by topic, and what wakes it. */
class Parts {
  readonly waiter: Waiter;
  readonly #ctx: Streaming;
  readonly #parts = new Map<string, { place: Place; stopSignals: () => void }>();
  #signals: SignalEvent[] = [];

  constructor(ctx: Streaming, ending: AbortSignal) {
    this.#ctx = ctx;
    this.waiter = new Waiter(ending);
  }

  topics(): string[] {
    return [...this.#parts.keys()];
  }

  at(topic: string): Place | undefined {
    return this.#parts.get(topic)?.place;
  }

  follow(place: Place): void {
    const topic = logTopic(place.logId);
    this.leave(topic);
    this.waiter.listen(this.#ctx.pages, topic);
    this.#parts.set(topic, { place, stopSignals: this.#ctx.signals.listen(place, this.#onSignal) });
  }

  /** Nothing that was said in an epoch comes after its end. */
  leave(topic: string): void {
    const part = this.#parts.get(topic);
    if (part === undefined) return;
    const { groupId, epoch } = part.place;
    part.stopSignals();
    this.waiter.ignore(topic);
    this.#parts.delete(topic);
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
