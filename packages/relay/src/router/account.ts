import { deviceCertificateTranscript, registerInputSchema } from '@quicprochat/protocol';
import { RelayError } from '../errors.ts';
import { isSignedBy } from '../proof/signatures.ts';
import { createAccount } from '../store/accounts.ts';
import { beginSession, requireAnswer } from './auth.ts';
import { limited, open, router, whereRoomIs } from './trpc.ts';

export const account = router({
  /** A new account with its first device. Done twice with the same keys, it is done once. */
  register: open
    .use(limited('register'))
    .use(whereRoomIs)
    .input(registerInputSchema)
    .mutation(async ({ ctx, input }) => {
      const certificate = deviceCertificateTranscript(input);
      if (!(await isSignedBy(ctx.platform, input.accountKey, certificate, input.deviceCertificate)))
        throw new RelayError('UNAUTHENTICATED');
      await requireAnswer(ctx, { purpose: 'register', ...input });
      if ((await createAccount(ctx.db, input)) === 'taken') throw new RelayError('HANDLE_TAKEN');
      return beginSession(ctx, input.deviceId);
    }),
});
