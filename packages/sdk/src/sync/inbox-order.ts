import { bytes, groupIdSchema, LIMITS, sequenceSchema, type InboxEntry } from '@quicprochat/protocol';
import { z } from 'zod';
import { sdkError } from '../model/errors.ts';

const entriesSchema = z.array(
  z.object({
    sequence: sequenceSchema,
    groupId: groupIdSchema,
    groupSequence: sequenceSchema,
    secrets: bytes({ min: 0, max: LIMITS.maxJoinerSecretsBytes }),
    shared: bytes({ min: 0, max: LIMITS.maxSharedWelcomeBytes }),
  }),
);

/**
 * Holds what the relay hands out of an inbox to what was asked for: entries of their form, behind the cursor, each behind
 * the one before it. There may be gaps, since what was acknowledged or has expired is gone.
 *
 * @throws RELAY_MISBEHAVED; then nothing of it may be stored
 */
export function requireInOrder(entries: readonly InboxEntry[], cursor: number): void {
  const parsed = entriesSchema.safeParse(entries);
  let last = cursor;
  for (const { sequence } of parsed.data ?? []) {
    if (sequence <= last) throw outOfOrder();
    last = sequence;
  }
  if (!parsed.success) throw outOfOrder();
}

function outOfOrder() {
  return sdkError(
    'RELAY_MISBEHAVED',
    'The relay sent invitations that this device had not asked for. They were ignored; tell whoever runs it.',
    { details: { reason: 'other-answer' } },
  );
}
