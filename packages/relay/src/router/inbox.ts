import {
  acknowledgeInboxInputSchema,
  LIMITS,
  openInboxStreamInputSchema,
  readInboxInputSchema,
  toBase64Url,
} from '@quicprochat/protocol';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { acknowledgeInbox, inboxHead, readInbox } from '../store/inbox.ts';
import { newTicket } from '../store/secrets.ts';
import { asDevice, router } from './trpc.ts';

export const inbox = router({
  /** A page of the device's own inbox. */
  read: asDevice('write')
    .input(readInboxInputSchema)
    .mutation(async ({ ctx, input }) => {
      await requireKnown(ctx, input.cursor);
      return readInbox(ctx.db, ctx.deviceId, input);
    }),

  /** The device has everything up to here: it is deleted. */
  acknowledge: asDevice('write')
    .input(acknowledgeInboxInputSchema)
    .mutation(async ({ ctx, input }) => {
      await requireKnown(ctx, input.sequence);
      await acknowledgeInbox(ctx.db, ctx.deviceId, input.sequence);
      return {};
    }),

  /** A ticket for a stream of what comes into the inbox. */
  openStream: asDevice('write')
    .input(openInboxStreamInputSchema)
    .mutation(async ({ ctx, input }) => {
      await requireKnown(ctx, input.cursor);
      const subscription = { kind: 'inbox', deviceId: ctx.deviceId, cursor: input.cursor };
      return {
        ticket: toBase64Url(await newTicket(ctx, subscription, ctx.platform.now() + LIMITS.ticketLifetimeMs)),
      };
    }),
});

async function requireKnown(ctx: Context & { deviceId: string }, sequence: number): Promise<void> {
  if (sequence > (await inboxHead(ctx.db, ctx.deviceId))) throw new RelayError('CURSOR_INVALID');
}
