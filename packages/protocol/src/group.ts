import { z } from 'zod';
import { accessProofSchema } from './access-proof.ts';
import { publicKeySchema } from './account.ts';
import { bytes, fromBase64Url } from './bytes.ts';
import { deviceIdSchema, entryIdSchema, epochSchema, groupIdSchema, sequenceSchema } from './ids.ts';
import { LIMITS } from './limits.ts';
import type { EntryContent, Receipt } from './receipt.ts';
import type { TranscriptField } from './transcript.ts';

/** `groups.create`. The access key proves itself. Proof body: accessKey. */
export const createGroupInputSchema = z.strictObject({
  groupId: groupIdSchema,
  accessKey: publicKeySchema,
  proof: accessProofSchema,
});

/** One device that a commit adds, and its own part of the Welcome. */
export const joinerSchema = z.strictObject({
  deviceId: deviceIdSchema,
  /** An `EncryptedGroupSecrets` (RFC 9420 §12.4.3.1). */
  secrets: bytes({ min: 1, max: LIMITS.maxJoinerSecretsBytes }),
});

/** The Welcome of a commit, in two parts: what all joiners need, sent and stored once, and what each needs of its own. */
export const welcomeSchema = z.strictObject({
  /** A `SharedWelcome` of the core. */
  shared: bytes({ min: 1, max: LIMITS.maxSharedWelcomeBytes }),
  joiners: z
    .array(joinerSchema)
    .min(1)
    .max(LIMITS.maxJoiners)
    .refine(
      (joiners) => new Set(joiners.map(({ deviceId }) => deviceId)).size === joiners.length,
      'a device occurs twice',
    ),
});

/** A Welcome whose bytes are bytes. */
export interface WelcomeParts {
  shared: Uint8Array;
  joiners: readonly { deviceId: string; secrets: Uint8Array }[];
}

/**
 * Which of the commits of one epoch: 0 for the first. The relay cannot tell whether a commit holds; who finds that none
 * of the first `n` does brings the next one as candidate `n`. Everyone takes the first that holds.
 */
export const candidateSchema = z.int().min(0);

/**
 * `groups.commit`: ends `epoch`. The bundle is stored whole or not at all: the commit in the log, the access key of
 * the epoch it begins, and the Welcome in the joiners' inboxes.
 */
export const commitInputSchema = z.strictObject({
  groupId: groupIdSchema,
  epoch: epochSchema,
  id: entryIdSchema,
  candidate: candidateSchema,
  commit: bytes({ min: 1, max: LIMITS.maxCommitBytes }),
  nextAccessKey: publicKeySchema,
  /** For those whom the commit adds; null where it adds nobody. */
  welcome: welcomeSchema.nullable(),
  proof: accessProofSchema,
});

/**
 * Proof body of `groups.commit`: id, candidate, commit, nextAccessKey, the number of joiners, and the Welcome if there is
 * one.
 */
export function commitProofBody(input: {
  id: string;
  candidate: number;
  commit: Uint8Array;
  nextAccessKey: Uint8Array;
  welcome: WelcomeParts | null;
}): TranscriptField[] {
  const { id, candidate, commit, nextAccessKey, welcome } = input;
  if (welcome === null) return [id, candidate, commit, nextAccessKey, 0];
  const { shared, joiners } = welcome;
  const own = joiners.flatMap(({ deviceId, secrets }) => [deviceId, secrets]);
  return [id, candidate, commit, nextAccessKey, joiners.length, shared, ...own];
}

/** One message of a batch. `id` is its idempotency key. */
export const postEntrySchema = z.strictObject({
  id: entryIdSchema,
  message: bytes({ min: 1, max: LIMITS.maxMessageBytes }),
});

/**
 * `groups.post`: application messages or proposals; the relay cannot tell which. All entries that are new are stored, in
 * their order, or none is. Entries that are stored already must come first in the batch, and get their first sequences.
 * Proof body: {@link postProofBody}.
 */
export const postInputSchema = z.strictObject({
  groupId: groupIdSchema,
  epoch: epochSchema,
  entries: z
    .array(postEntrySchema)
    .min(1)
    .max(LIMITS.maxPostEntries)
    .superRefine((entries, context) => {
      if (new Set(entries.map(({ id }) => id)).size < entries.length)
        context.addIssue({ code: 'custom', message: 'an id occurs twice' });
      if (postBytes(entries) > LIMITS.maxPostBytes)
        context.addIssue({
          code: 'too_big',
          origin: 'array',
          maximum: LIMITS.maxPostBytes,
          inclusive: true,
          message: `must have at most ${LIMITS.maxPostBytes} bytes of messages`,
        });
    }),
  proof: accessProofSchema,
});

/** The bytes of a batch's messages. */
export function postBytes(entries: readonly { message: Uint8Array }[]): number {
  return entries.reduce((total, { message }) => total + message.length, 0);
}

/** Proof body of `groups.post`: the id and the message of each entry, in order. */
export function postProofBody(entries: readonly { id: string; message: Uint8Array }[]): TranscriptField[] {
  return entries.flatMap(({ id, message }) => [id, message]);
}

/**
 * `groups.signal`: for members who listen just now, as that somebody is typing. It is stored nowhere and reaches each of
 * them at most once, in no order, or not at all. Proof body: signal.
 */
export const signalInputSchema = z.strictObject({
  groupId: groupIdSchema,
  epoch: epochSchema,
  signal: bytes({ min: 1, max: LIMITS.maxSignalBytes }),
  proof: accessProofSchema,
});

/**
 * `groups.read`: a page after `cursor`, signed with the access key of `epoch`. That key opens the log up to the commit
 * that ends `epoch` and no further; then `ended` is true, and the next page needs the next epoch's key.
 * Proof body: cursor, limit.
 */
export const readGroupInputSchema = z.strictObject({
  groupId: groupIdSchema,
  epoch: epochSchema,
  cursor: sequenceSchema,
  limit: z.int().min(1),
  proof: accessProofSchema,
});

/**
 * `groups.candidate`: the commit with this number of those that were brought for `epoch`, by the access key of `epoch`.
 * `groups.read` shows the first of them alone. Proof body: candidate.
 */
export const readCandidateInputSchema = z.strictObject({
  groupId: groupIdSchema,
  epoch: epochSchema,
  candidate: candidateSchema,
  proof: accessProofSchema,
});

/** One entry of a group's log as readers get it. `payload` is an MLS PrivateMessage (RFC 9420 §6.3), base64url. */
export type GroupEntry = MessageEntry | CommitEntry;

interface EntryBase {
  sequence: number;
  /** The epoch that its sender claimed; for a commit, the epoch that it ends. */
  epoch: number;
  id: string;
  payload: string;
}

export interface MessageEntry extends EntryBase {
  kind: 'message';
}

export interface CommitEntry extends EntryBase {
  kind: 'commit';
  candidate: number;
  /** What its sender gave the relay as the access key of the next epoch. A commit that begins another one is void. */
  nextAccessKey: string;
}

/** What of an entry its hash is over. */
export function contentOf(entry: GroupEntry): EntryContent {
  const { epoch, id } = entry;
  const payload = fromBase64Url(entry.payload);
  if (entry.kind === 'message') return { kind: 'message', epoch, id, payload };
  const { candidate } = entry;
  return { kind: 'commit', epoch, id, payload, candidate, nextAccessKey: fromBase64Url(entry.nextAccessKey) };
}

/** A page of a group's log. */
export interface GroupPage {
  entries: GroupEntry[];
  /** Where the next page starts. */
  cursor: number;
  /** Whether the page reaches the commit that ends the key's epoch. */
  ended: boolean;
  /** Whether more can be read with the same key. */
  more: boolean;
  /** Where the log stands at the cursor that was asked for, and at the page's own. */
  receipts: { before: Receipt; after: Receipt };
}

/** The answer to `groups.candidate`: null where no commit has that number yet. */
export interface Candidate {
  entry: CommitEntry | null;
  receipts: { before: Receipt; after: Receipt } | null;
}

/** The answer to `groups.commit`: where the entry stands. A repeated call gets the first answer. */
export interface Accepted {
  sequence: number;
  receipt: Receipt;
}

/** The answer to `groups.post`. Entries that were stored before get their first sequences. */
export interface Posted {
  /** Where each entry stands, in the order of the call. */
  sequences: number[];
  /** For the place of the last entry; its head is chained to all before it. */
  receipt: Receipt;
}
