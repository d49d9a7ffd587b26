import { deviceTranscript, LIMITS, loginInputSchema, toBase64Url } from '@quicprochat/protocol';
import { z } from 'zod';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { isSignedBy, NOBODYS_KEY } from '../proof/signatures.ts';
import { findDevice } from '../store/accounts.ts';
import { newChallenge, newSession, takeChallenge } from '../store/secrets.ts';
import { limited, open, router } from './trpc.ts';

/** Signing in: a device answers a challenge that counts once. */
export const auth = router({
  challenge: open
    .use(limited('signIn'))
    .input(z.strictObject({}))
    .mutation(async ({ ctx }) => {
      const expiresAtMs = ctx.platform.now() + LIMITS.challengeLifetimeMs;
      return { challenge: toBase64Url(await newChallenge(ctx, expiresAtMs)), expiresAtMs };
    }),

  login: open
    .use(limited('signIn'))
    .input(loginInputSchema)
    .mutation(async ({ ctx, input }) => {
      const device = await findDevice(ctx.db, input.deviceId);
      // One answer, after the same work, for a device that is not there and for a signature that does not hold.
      const deviceKey = device?.device_key ?? NOBODYS_KEY;
      await requireAnswer(ctx, { purpose: 'login', deviceKey, ...input });
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
  if (!(await isSignedBy(ctx.platform, answer.deviceKey, transcript, answer.signature)))
    throw new RelayError('UNAUTHENTICATED');
  // After the signature: only who holds the key learns that a challenge is gone, or ran out.
  if (!(await takeChallenge(ctx.db, answer.challenge, ctx.platform.now()))) throw new RelayError('REPLAYED');
}

/** Signs a device in. The token is told once, and kept as its hash alone. */
export async function beginSession(ctx: Context, deviceId: string) {
  const expiresAtMs = ctx.platform.now() + LIMITS.sessionLifetimeMs;
  return { token: toBase64Url(await newSession(ctx, deviceId, expiresAtMs)), expiresAtMs };
}
