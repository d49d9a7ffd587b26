import { streamEventsInputSchema, type StreamEvent } from '@quicprochat/protocol';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { readInbox } from '../store/inbox.ts';
import { takeTicket } from '../store/secrets.ts';
import { groupEvents, placesSchema } from '../streams/group-stream.ts';
import { PAGE } from '../streams/shared-pages.ts';
import { inboxTopic, poolTopic } from '../streams/topics.ts';
import { Waiter } from '../wake/waiter.ts';
import { open, router } from './trpc.ts';

/** What a ticket stands for; written by us, and read back from our own store. */
const subscriptionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('inbox'), deviceId: z.string(), cursor: z.number() }),
  z.object({ kind: z.literal('groups'), groups: placesSchema }),
]);

export const streams = router({
  /** Redeems a ticket: first what is there since the cursors, then what comes, read from the store page by page. */
  events: open.input(streamEventsInputSchema).subscription(async function* ({ ctx, input, signal }) {
    const ticket = subscriptionSchema.safeParse(await takeTicket(ctx.db, input.ticket, ctx.platform.now()));
    if (!ticket.success) throw new RelayError('REPLAYED');
    // Not for ever: who reads on has to show again that he may.
    const lifetime = new AbortController();
    const cancel = ctx.platform.after(ctx.streamLifetimeMs, () => lifetime.abort());
    const until = [ctx.closing, lifetime.signal];
    const ending = AbortSignal.any(signal === undefined ? until : [...until, signal]);
    try {
      yield* counted(
        ctx,
        ticket.data.kind,
        ticket.data.kind === 'inbox'
          ? inboxEvents(ctx, ticket.data, ending)
          : groupEvents(ctx, ticket.data, ending),
      );
    } finally {
      cancel();
    }
  }),
});

/** Tells the operator's metrics of a stream and of what it is given. */
async function* counted(
  { observe }: Context,
  kind: 'inbox' | 'groups',
  events: AsyncGenerator<StreamEvent>,
): AsyncGenerator<StreamEvent> {
  observe({ type: 'stream-opened', kind });
  try {
    for await (const event of events) {
      yield event;
      observe({ type: 'delivered', event: event.type });
    }
  } finally {
    observe({ type: 'stream-closed', kind });
  }
}

async function* inboxEvents(
  ctx: Context,
  { deviceId, cursor }: { deviceId: string; cursor: number },
  ending: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const waiter = new Waiter(ctx.platform, ending);
  waiter.listen(ctx.wake, inboxTopic(deviceId));
  const pool = poolTopic(deviceId);
  // Not without a reason: that would be said of a pool that is full.
  const hints = {
    listen: (topic: string, listener: () => void) =>
      ctx.wake.listen(topic, listener, { withoutReason: false }),
  };
  waiter.listen(hints, pool);
  try {
    yield { type: 'open' };
    let last = cursor;
    let topics: string[] = [];
    while (!waiter.isOver) {
      if (topics.includes(pool)) yield { type: 'key-packages-low' };
      const page = await readInbox(ctx.db, deviceId, { cursor: last, ...PAGE });
      last = page.cursor;
      for (const entry of page.entries) yield { type: 'inbox-entry', entry };
      // Taken before the next reading: what comes while it goes on wakes again.
      topics = page.more ? waiter.rearm() : await waiter.woken();
    }
  } finally {
    waiter.close();
  }
}
