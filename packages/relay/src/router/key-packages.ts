import {
  cipherSuiteSchema,
  claimKeyPackagesInputSchema,
  publishKeyPackagesInputSchema,
  toBase64Url,
} from '@quicprochat/protocol';
import { z } from 'zod';
import { RelayError } from '../errors.ts';
import { claimKeyPackages, countKeyPackages, publishKeyPackages } from '../store/key-packages.ts';
import { asDevice, limited, router } from '../trpc.ts';

export const keyPackages = router({
  publish: asDevice
    .use(limited('write'))
    .input(publishKeyPackagesInputSchema)
    .mutation(async ({ ctx, input }) => {
      const available = await publishKeyPackages(ctx.db, {
        ...input,
        deviceId: ctx.deviceId,
        lastResort: input.lastResort,
      });
      if (available === undefined) throw new RelayError('QUOTA_EXCEEDED');
      return { available };
    }),

  status: asDevice
    .input(z.strictObject({ suite: cipherSuiteSchema }))
    .mutation(({ ctx, input }) => countKeyPackages(ctx.db, ctx.deviceId, input.suite)),

  claim: asDevice
    .use(limited('directory'))
    .input(claimKeyPackagesInputSchema)
    .mutation(async ({ ctx, input }) => {
      const claimed = await claimKeyPackages(ctx.db, input);
      if ('reason' in claimed) {
        const code = claimed.reason === 'unknown' ? 'NOT_FOUND' : 'KEY_PACKAGES_EXHAUSTED';
        throw new RelayError(code, { handle: claimed.handle });
      }
      return { devices: claimed.map((one) => ({ ...one, keyPackage: toBase64Url(one.keyPackage) })) };
    }),
});
