import { z } from 'zod';
import { accessProofSchema } from './access-proof.ts';
import { bytes, type Base64Url } from './bytes.ts';
import type { GroupEntry } from './group.ts';
import { epochSchema, groupIdSchema, sequenceSchema } from './ids.ts';
import type { InboxEntry } from './inbox.ts';
import { LIMITS } from './limits.ts';
import type { Receipt } from './receipt.ts';

/**
 * Streams are server-sent events. An EventSource can set no headers and puts its input into the URL, where it would be
 * logged; so a stream is opened in two steps: an authenticated call trades proofs for a ticket that is good once and
 * for half a minute, and `streams.events` redeems it. A broken stream is opened anew, from the reader's own cursors.
 */
export const ticketSchema = bytes(32);

/** `inbox.openStream`, for the signed-in device. */
export const openInboxStreamInputSchema = z.strictObject({ cursor: sequenceSchema });

/** `groups.openStream`. Each group brings its own proof (procedure `groups.openStream`, body: cursor). */
export const openGroupsStreamInputSchema = z.strictObject({
  groups: z
    .array(
      z.strictObject({
        groupId: groupIdSchema,
        epoch: epochSchema,
        cursor: sequenceSchema,
        proof: accessProofSchema,
      }),
    )
    .min(1)
    .max(LIMITS.maxStreamGroups),
});

/** By what a running stream over groups is known: random, and told to its reader alone. */
export const streamIdSchema = bytes(32);

/**
 * `groups.follow`: what a running stream is to follow as well, or from now on under the next epoch's key. Each group brings
 * its own proof (body: stream, cursor). The stream says `following` when it does. The answer does not say whether the
 * stream is still there: who reads it sees it end.
 */
export const followInputSchema = z.strictObject({
  stream: streamIdSchema,
  ...openGroupsStreamInputSchema.shape,
});

/** `streams.events`. */
export const streamEventsInputSchema = z.strictObject({ ticket: ticketSchema });

/** What a stream carries. */
export type StreamEvent =
  /**
   * The stream stands: what was posted since the cursors follows, then what is posted from now on. One over groups tells
   * its id, for `groups.follow`.
   */
  | { type: 'open'; stream?: Base64Url }
  /** What `groups.follow` asked for: entries after its cursor come after this, and none of what was before in its place. */
  | { type: 'following'; groupId: string; epoch: number }
  /** `receipt` stands with the last of the entries that were read at once. */
  | { type: 'group-entry'; groupId: string; entry: GroupEntry; receipt?: Receipt }
  /** The commit before this ended the epoch whose key opened this group: go on with the next key, by `groups.follow`. */
  | { type: 'epoch-ended'; groupId: string; epoch: number }
  /** What a member sent to those who listen: base64url. In no order with entries; some are lost. */
  | { type: 'signal'; groupId: string; epoch: number; payload: Base64Url }
  | { type: 'inbox-entry'; entry: InboxEntry }
  /** A claim has left the device with few single-use key packages of some suite, or with none. A hint: it may be lost. */
  | { type: 'key-packages-low' };
