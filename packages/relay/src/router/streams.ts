import { LIMITS, streamEventsInputSchema, type StreamEvent } from '@quicprochat/protocol';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { findEpoch, readEntries } from '../store/groups.ts';
import { readInbox } from '../store/inbox.ts';
import { takeTicket } from '../store/secrets.ts';
import { groupTopic, inboxTopic } from '../topics.ts';
import { open, router } from '../trpc.ts';
import { Waiter } from '../wake/waiter.ts';

/** What a ticket stands for; written by us, and read back from our own store. */
const subscriptionSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('inbox'), deviceId: z.string(), cursor: z.number() }),
  z.object({
    kind: z.literal('groups'),
    groups: z.array(z.object({ groupId: z.string(), epoch: z.number(), cursor: z.number() })),
  }),
]);

/** Entries read from the store at once for a stream: what a slow reader can make us hold. */
const PAGE = 50;

export const streams = router({
  /** Redeems a ticket: first what is there since the cursors, then what comes, read from the store page by page. */
  events: open.input(streamEventsInputSchema).subscription(async function* ({ ctx, input, signal }) {
    const ticket = subscriptionSchema.safeParse(await takeTicket(ctx.db, input.ticket, ctx.now()));
    if (!ticket.success) throw new RelayError('REPLAYED');
    const events =
      ticket.data.kind === 'inbox'
        ? inboxEvents(ctx, ticket.data, signal)
        : groupEvents(ctx, ticket.data, signal);
    yield* events;
  }),
});

async function* inboxEvents(
  ctx: Context,
  { deviceId, cursor }: { deviceId: string; cursor: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamEvent> {
  const waiter = new Waiter(ctx.wake, [inboxTopic(deviceId)], signal);
  try {
    yield { type: 'open' };
    let last = cursor;
    while (!waiter.isOver) {
      waiter.rearm();
      const page = await readInbox(ctx.db, deviceId, last, PAGE);
      last = page.cursor;
      for (const entry of page.entries) yield { type: 'inbox-entry', entry };
      if (!page.more) await waiter.woken();
    }
  } finally {
    waiter.close();
  }
}

async function* groupEvents(
  ctx: Context,
  { groups }: { groups: { groupId: string; epoch: number; cursor: number }[] },
  signal: AbortSignal | undefined,
): AsyncGenerator<StreamEvent> {
  const followed = new Map(groups.map((group) => [groupTopic(group.groupId), group]));
  const waiter = new Waiter(ctx.wake, [...followed.keys()], signal);
  try {
    yield { type: 'open' };
    let topics: Iterable<string> = [...followed.keys()];
    while (!waiter.isOver) {
      for (const topic of topics) {
        const group = followed.get(topic);
        if (group === undefined) continue;
        const ended = yield* groupPages(ctx, group);
        if (ended) followed.delete(topic);
      }
      topics = await waiter.woken();
    }
  } finally {
    waiter.close();
  }
}

/** What there is of one group; true once its key's epoch has ended and nothing more will come by this stream. */
async function* groupPages(
  ctx: Context,
  group: { groupId: string; epoch: number; cursor: number },
): AsyncGenerator<StreamEvent, boolean> {
  const { groupId, epoch } = group;
  for (;;) {
    const endedBy = (await findEpoch(ctx.db, groupId, epoch))?.ended_by ?? null;
    const page = await readEntries(ctx.db, {
      groupId,
      cursor: group.cursor,
      limit: Math.min(PAGE, LIMITS.maxPageEntries),
      endedBy,
    });
    group.cursor = page.cursor;
    for (const entry of page.entries) yield { type: 'group-entry', groupId, entry };
    if (page.ended) {
      yield { type: 'epoch-ended', groupId, epoch };
      return true;
    }
    if (!page.more) return false;
  }
}
