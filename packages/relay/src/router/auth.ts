import { deviceTranscript, LIMITS, loginInputSchema, toBase64Url } from '@quicprochat/protocol';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { isSignedBy } from '../signatures.ts';
import { findDevice } from '../store/accounts.ts';
import { newChallenge, newSession, takeChallenge } from '../store/secrets.ts';
import { limited, open, router } from '../trpc.ts';

/** Signing in: a device answers a challenge that counts once. */
export const auth = router({
  challenge: open
    .use(limited('signIn'))
    .input(z.strictObject({}))
    .mutation(async ({ ctx }) => {
      const expiresAtMs = ctx.now() + LIMITS.challengeLifetimeMs;
      return { challenge: toBase64Url(await newChallenge(ctx.db, expiresAtMs)), expiresAtMs };
    }),

  login: open
    .use(limited('signIn'))
    .input(loginInputSchema)
    .mutation(async ({ ctx, input }) => {
      const device = await findDevice(ctx.db, input.deviceId);
      // One answer for a device that is not there and for a signature that does not hold.
      if (device === undefined) throw new RelayError('UNAUTHENTICATED');
      await requireAnswer(ctx, { purpose: 'login', deviceKey: device.device_key, ...input });
      return beginSession(ctx, input.deviceId);
    }),
});

/** Requires the device key's signature over a challenge of ours that nobody has answered before. */
export async function requireAnswer(
  ctx: Context,
  answer: {
    purpose: 'login' | 'register';
    deviceId: string;
    deviceKey: Uint8Array;
    challenge: Uint8Array;
    signature: Uint8Array;
  },
): Promise<void> {
  const transcript = deviceTranscript({ ...answer, audience: ctx.audience });
  if (!isSignedBy(answer.deviceKey, transcript, answer.signature)) throw new RelayError('UNAUTHENTICATED');
  if (!(await takeChallenge(ctx.db, answer.challenge, ctx.now()))) throw new RelayError('REPLAYED');
}

export async function beginSession(ctx: Context, deviceId: string) {
  const expiresAtMs = ctx.now() + LIMITS.sessionLifetimeMs;
  return { token: toBase64Url(await newSession(ctx.db, deviceId, expiresAtMs)), expiresAtMs };
}
