import { lookupInputSchema, toBase64Url } from '@quicprochat/protocol';
import { RelayError } from '../errors.ts';
import { findAccount } from '../store/accounts.ts';
import { asDevice, router } from './trpc.ts';

export const directory = router({
  /** The keys of an account. What is told here, clients check by the certificates and by safety numbers. */
  lookup: asDevice('directory')
    .input(lookupInputSchema)
    .mutation(async ({ ctx, input }) => {
      const found = await findAccount(ctx.db, input.handle);
      if (found === undefined) throw new RelayError('NOT_FOUND', { handle: input.handle });
      return {
        handle: found.account.handle,
        accountKey: toBase64Url(found.account.account_key),
        devices: found.devices.map((device) => ({
          deviceId: device.device_id,
          deviceKey: toBase64Url(device.device_key),
          deviceCertificate: toBase64Url(device.certificate),
        })),
      };
    }),
});
