import {
  claimKeyPackagesInputSchema,
  keyPackageStatusInputSchema,
  LIMITS,
  publishKeyPackagesInputSchema,
  toBase64Url,
  type CipherSuite,
} from '@quicprochat/protocol';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { exhaustedShares } from '../limits/rate-limit.ts';
import { knownHandles } from '../store/accounts.ts';
import { claimKeyPackages, countKeyPackages, publishKeyPackages } from '../store/key-packages.ts';
import { expiryDay } from '../store/retention.ts';
import { poolTopic } from '../streams/topics.ts';
import { asDevice, router, whereRoomIs } from './trpc.ts';

export const keyPackages = router({
  /** More for the device's own pool. Repeated after a lost answer, it adds nothing twice. */
  publish: asDevice('write')
    .use(whereRoomIs)
    .input(publishKeyPackagesInputSchema)
    .mutation(async ({ ctx, input }) => {
      const available = await publishKeyPackages(ctx.db, {
        ...input,
        deviceId: ctx.deviceId,
        lastResort: input.lastResort,
        replace: input.replace ?? false,
        expiresOn: expiryDay(ctx.platform.now(), LIMITS.keyPackageKeptMs),
      });
      if (available === undefined) throw new RelayError('QUOTA_EXCEEDED');
      return { available };
    }),

  /** What is left of the device's own pools, one for each suite asked for, in their order. */
  status: asDevice('write')
    .input(keyPackageStatusInputSchema)
    .mutation(async ({ ctx, input }) => {
      const count = (suite: CipherSuite) => countKeyPackages(ctx.db, ctx.deviceId, suite);
      return { pools: await Promise.all(input.suites.map(count)) };
    }),

  /** What it takes to add these accounts to a group: one key package for each of their devices, all or none. */
  claim: asDevice('directory')
    .input(claimKeyPackagesInputSchema)
    .mutation(async ({ ctx, input }) => {
      // Of accounts that are there alone: what does not exist takes up no memory.
      const known = await knownHandles(ctx.db, input.handles);
      const spared = exhaustedShares(ctx, known);
      const claimed = await claimKeyPackages(ctx.db, { ...input, spared });
      if ('reason' in claimed) {
        const code = claimed.reason === 'unknown' ? 'NOT_FOUND' : 'KEY_PACKAGES_EXHAUSTED';
        throw new RelayError(code, { handle: claimed.handle });
      }
      // A hint: who has claimed neither waits for it nor loses what he was given where it fails.
      void tellLowPools(ctx, claimed, input.suite).catch(() => undefined);
      return { devices: claimed.map((one) => ({ ...one, keyPackage: toBase64Url(one.keyPackage) })) };
    }),
});

async function tellLowPools(
  { db, wake }: Context,
  claimed: readonly { deviceId: string }[],
  suite: number,
): Promise<void> {
  for (const { deviceId } of claimed) {
    const { available } = await countKeyPackages(db, deviceId, suite);
    if (available < LIMITS.lowKeyPackages) wake.notify(poolTopic(deviceId));
  }
}
