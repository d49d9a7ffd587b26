import { streamEventsInputSchema, type StreamEvent } from '@quicprochat/protocol';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { PAGE, type Place } from '../shared-pages.ts';
import { readInbox } from '../store/inbox.ts';
import { takeTicket } from '../store/secrets.ts';
import { inboxTopic, logTopic } from '../topics.ts';
import { open, router } from '../trpc.ts';
import { Waiter } from '../wake/waiter.ts';

/** What a ticket stands for; written by us, and read back from our own store. */
const subscriptionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('inbox'), deviceId: z.string(), cursor: z.number() }),
  z.object({
    kind: z.literal('groups'),
    groups: z.array(
      z.object({ groupId: z.string(), logId: z.string(), epoch: z.number(), cursor: z.number() }),
    ),
  }),
]);

export const streams = router({
  /** Redeems a ticket: first what is there since the cursors, then what comes, read from the store page by page. */
  events: open.input(streamEventsInputSchema).subscription(async function* ({ ctx, input, signal }) {
    const ticket = subscriptionSchema.safeParse(await takeTicket(ctx.db, input.ticket, ctx.now()));
    if (!ticket.success) throw new RelayError('REPLAYED');
    // Not for ever: who reads on has to show again that he may.
    const until = [ctx.closing, AbortSignal.timeout(ctx.streamLifetimeMs)];
    const ending = AbortSignal.any(signal === undefined ? until : [...until, signal]);
    yield* counted(
      ctx,
      ticket.data.kind,
      ticket.data.kind === 'inbox'
        ? inboxEvents(ctx, ticket.data, ending)
        : groupEvents(ctx, ticket.data, ending),
    );
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
  const waiter = new Waiter(ctx.wake, [inboxTopic(deviceId)], ending);
  try {
    yield { type: 'open' };
    let last = cursor;
    while (!waiter.isOver) {
      waiter.rearm();
      const page = await readInbox(ctx.db, deviceId, { cursor: last, ...PAGE });
      last = page.cursor;
      for (const entry of page.entries) yield { type: 'inbox-entry', entry };
      if (!page.more) await waiter.woken();
    }
  } finally {
    waiter.close();
  }
}

/** Ends by itself when the epochs of all its groups have. */
async function* groupEvents(
  ctx: Context,
  { groups }: { groups: Place[] },
  ending: AbortSignal,
): AsyncGenerator<StreamEvent> {
  const followed = new Map(groups.map((group) => [logTopic(group.logId), group]));
  const waiter = new Waiter(ctx.pages, [...followed.keys()], ending);
  try {
    yield { type: 'open' };
    let topics: string[] = [...followed.keys()];
    while (!waiter.isOver) {
      const unfinished: string[] = [];
      for (const topic of topics) {
        const group = followed.get(topic);
        if (ending.aborted) return;
        if (group === undefined) continue;
        const state = yield* groupPage(ctx, group);
        if (state === 'ended') followed.delete(topic);
        if (state === 'more') unfinished.push(topic);
      }
      if (followed.size === 0) return;
      // A page of each in turn: one long log does not keep the other groups waiting.
      topics =
        unfinished.length > 0 ? [...new Set([...unfinished, ...waiter.rearm()])] : await waiter.woken();
    }
  } finally {
    waiter.close();
  }
}

/** One page of one group: whether there is more of it now, later, or never again under this epoch's key. */
async function* groupPage(
  ctx: Context,
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
