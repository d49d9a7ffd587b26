import {
  bytes,
  candidateSchema,
  deviceIdSchema,
  groupIdSchema,
  LIMITS,
  publicKeySchema,
  ticketSchema,
  type GroupId,
  type InboxEntry,
  type StreamEvent,
} from '@quicprochat/protocol';
import { z } from 'zod';
import { sdkError } from '../model/errors.ts';

/** The forms of the answers that this device acts on. The types are the relay's word, and a relay can say anything. */

const keyPackage = textOf(bytes({ min: 1, max: LIMITS.maxKeyPackageBytes }));

/** `keyPackages.claim`. A handle is compared with those that were asked for, and need not be looked at here. */
export const claimAnswer = z.object({
  devices: z.array(z.object({ handle: z.string(), deviceId: deviceIdSchema, keyPackage })),
});

/** `keyPackages.status` for so many suites. */
export function keyPackageStatusAnswer(suites: number) {
  const pool = z.object({ available: z.int().min(0), lastResort: z.boolean() });
  return z.object({ pools: z.array(pool).length(suites) });
}

/** `auth.challenge`: 32 bytes, which this device signs, and when they expire by the relay's clock. */
export const challengeAnswer = z.object({ challenge: bytes(32), expiresAtMs: z.int().min(0) });

/** `account.register` and `auth.login`. */
export const sessionAnswer = z.object({ token: textOf(bytes(32)) });

/** `inbox.read`. Its entries are looked at when they are taken, as are those that a stream brings. */
export const inboxPageAnswer = z.object({ entries: z.array(z.custom<InboxEntry>()), more: z.boolean() });

/** `inbox.openStream` and `groups.openStream`. */
export const ticketAnswer = z.object({ ticket: textOf(ticketSchema) });

/** `receipts.key`. */
export const receiptKeyAnswer = z.object({ receiptKey: textOf(publicKeySchema) });

const count = z.int().min(0);

/** The base64url fields are decoded later, together with the entry and before it is applied. */
const receipt = z.object({ branch: z.string(), sequence: count, head: z.string(), signature: z.string() });

const entryBase = { sequence: z.int().min(1), epoch: count, id: z.string(), payload: z.string() };
const commitEntry = z.object({
  kind: z.literal('commit'),
  ...entryBase,
  candidate: candidateSchema,
  nextAccessKey: z.string(),
});
const groupEntry = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('message'), ...entryBase }),
  commitEntry,
]);
const receipts = z.object({ before: receipt, after: receipt });

/** `groups.commit`. */
export const acceptedAnswer = z.object({ sequence: z.int().min(1), receipt });

/** `groups.post` of so many entries: a place for each of them, in their order. */
export function postedAnswer(entries: number) {
  const sequences = z
    .array(z.int().min(1))
    .length(entries)
    .refine((places) => places.every((place, i) => place > (places[i - 1] ?? 0)));
  return z.object({ sequences, receipt });
}

/** `groups.read`. */
export const groupPageAnswer = z.object({
  entries: z.array(groupEntry),
  cursor: count,
  ended: z.boolean(),
  more: z.boolean(),
  receipts,
});

/** `groups.heads` of so many groups: an answer for each of them, in their order. */
export function headsAnswer(groups: number) {
  const head = z
    .object({ sequence: count, ended: z.boolean(), receipt })
    .refine(({ sequence, receipt }) => receipt.sequence === sequence);
  const refusal = z.object({ error: z.enum(['NOT_AUTHORIZED', 'FUTURE_EPOCH']) });
  return z.object({ heads: z.array(z.union([head, refusal])).length(groups) });
}

/** `groups.candidate`. */
export const candidateAnswer = z.object({ entry: commitEntry.nullable(), receipts: receipts.nullable() });

/** Stream events about groups. For other events only the type is checked here. */
export const groupEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('open'), stream: z.string().optional() }),
  z.object({ type: z.literal('following'), groupId: groupIdSchema, epoch: count }),
  z.object({
    type: z.literal('group-entry'),
    groupId: groupIdSchema,
    entry: groupEntry,
    receipt: receipt.optional(),
  }),
  z.object({ type: z.literal('epoch-ended'), groupId: groupIdSchema, epoch: count }),
]);
type OfGroup<Event> = Event extends { groupId: string }
  ? Omit<Event, 'groupId'> & { groupId: GroupId }
  : Event;

/** A stream event whose form was checked, or a sign of life where there is nothing to tell. */
export type RelayEvent = OfGroup<StreamEvent> | { type: 'ping' };

export const GROUP_EVENTS: ReadonlySet<string> = new Set(
  groupEvent.options.map(({ shape }) => shape.type.value),
);

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
    { details: { reason: 'malformed' } },
  );
}

/** Bytes that stay text, as they are stored or sent back. */
function textOf(schema: ReturnType<typeof bytes>) {
  return z.string().refine((text) => schema.safeParse(text).success);
}
