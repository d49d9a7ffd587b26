import { pushSubscribeInputSchema, toBase64Url } from '@quicprochat/protocol';
import { z } from 'zod';
import { RelayError } from '../errors.ts';
import { endpointOf } from '../push/endpoint.ts';
import { forgetSubscription, keepSubscription } from '../store/push-subscriptions.ts';
import { asDevice, limited, open, router } from './trpc.ts';

/** Web push for a device's inbox. There is none for groups: an endpoint would tell which of them belong together. */
export const push = router({
  /** What a browser subscribes with, as `applicationServerKey`. */
  key: open
    .use(limited('directory'))
    .input(z.strictObject({}))
    .mutation(async ({ ctx }) => ({ pushKey: toBase64Url(await ctx.vapid.publicKey()) })),

  /** From now on, what comes into the device's inbox is told there. */
  subscribe: asDevice('write')
    .input(pushSubscribeInputSchema)
    .mutation(async ({ ctx, input }) => {
      if (endpointOf(input.endpoint, ctx.pushHosts) === undefined)
        throw new RelayError('BAD_INPUT', {
          issues: [{ path: 'endpoint', message: 'must belong to a push service that this relay sends to' }],
        });
      await keepSubscription(ctx.db, { deviceId: ctx.deviceId, endpoint: input.endpoint });
      return {};
    }),

  unsubscribe: asDevice('write')
    .input(z.strictObject({}))
    .mutation(async ({ ctx }) => {
      await forgetSubscription(ctx.db, ctx.deviceId);
      return {};
    }),
});
