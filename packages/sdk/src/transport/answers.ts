import { bytes, deviceIdSchema, LIMITS, publicKeySchema, ticketSchema } from '@quicprochat/protocol';
import { z } from 'zod';
import { sdkError } from '../errors.ts';

/** The forms of the answers that this device acts on. The types are the relay's word, and a relay can say anything. */

const keyPackage = textOf(bytes({ min: 1, max: LIMITS.maxKeyPackageBytes }));

/** `keyPackages.claim`. A handle is compared with those that were asked for, and need not be looked at here. */
export const claimAnswer = z.object({
  devices: z.array(z.object({ handle: z.string(), deviceId: deviceIdSchema, keyPackage })),
});

/** `keyPackages.status`. */
export const keyPackageStatusAnswer = z.object({ available: z.int().min(0), lastResort: z.boolean() });

/** `auth.challenge`: 32 bytes, which this device signs, and when they expire by the relay's clock. */
export const challengeAnswer = z.object({ challenge: bytes(32), expiresAtMs: z.int().min(0) });

/** `account.register` and `auth.login`. */
export const sessionAnswer = z.object({ token: textOf(bytes(32)) });

/** `inbox.openStream` and `groups.openStream`. */
export const ticketAnswer = z.object({ ticket: textOf(ticketSchema) });

/** `receipts.key`. */
export const receiptKeyAnswer = z.object({ receiptKey: textOf(publicKeySchema) });

/**
 * An answer in the form that its procedure promises.
 *
 * @throws {TransportError} RELAY_MISBEHAVED
 */
export function requireForm<Schema extends z.ZodType>(schema: Schema, answer: unknown): z.output<Schema> {
  const parsed = schema.safeParse(answer);
  if (parsed.success) return parsed.data;
  throw sdkError(
    'RELAY_MISBEHAVED',
    'The relay’s answer does not follow its protocol. Check the versions of the relay and this client.',
  );
}

/** Bytes that stay text, as they are stored or sent back. */
function textOf(schema: ReturnType<typeof bytes>) {
  return z.string().refine((text) => schema.safeParse(text).success);
}
