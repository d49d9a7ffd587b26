import { LIMITS } from '@quicprochat/protocol';

/**
 * How long the relay may send nothing while it owes an answer. What arrives, however slowly, winds the clock up again. Two
 * such calls in a row, and a relay that restarts meanwhile, keep a message waiting for less than a minute.
 */
export const ANSWER_SILENCE_MS = 20_000;

/** How long a stream may say nothing: a ping or two may be late. */
export const STREAM_SILENCE_MS = 3 * LIMITS.streamPingMs;

/**
 * The slowest pace at which a request can go out: 2 kB in a second. A fetch does not tell how much of it has gone out, so a
 * large one is given time by its size. A link that died meanwhile is noticed by the streams, which hear a ping every 15 seconds.
 */
const SLOWEST_BYTES_PER_MS = 2;

/**
 * How long a request is given for what others send before it, while nothing comes from the relay: a way that died under a
 * large one must not hold up for hours what comes after it.
 */
const MOST_BEHIND_OTHERS_MS = 40_000;

/** How long nothing may come from the relay while an answer is due, before that counts as overdue. */
export const OVERDUE_MS = 5_000;

/** What surrounds the payload of one entry or key package in an answer: ids, numbers, keys, a receipt. */
const AROUND_ONE = 512;

/** Enough for every answer that carries no payloads, errors included. */
const SMALL_BYTES = 256 * 1024;

/** The largest payload of one entry: a commit, or a whole Welcome. */
const LARGEST_ENTRY = textBytes(
  Math.max(LIMITS.maxCommitBytes, LIMITS.maxSharedWelcomeBytes + LIMITS.maxJoinerSecretsBytes),
);

const PAGE_BYTES =
  Math.max(textBytes(LIMITS.maxPageBytes), LARGEST_ENTRY) + LIMITS.maxPageEntries * AROUND_ONE + SMALL_BYTES;

const MOST_BYTES: Record<string, number> = {
  'groups.read': PAGE_BYTES,
  'groups.candidate': PAGE_BYTES,
  'groups.heads': LIMITS.maxStreamGroups * AROUND_ONE + SMALL_BYTES,
  'inbox.read': PAGE_BYTES,
  // One for each device; no commit can add more of them.
  'keyPackages.claim': LIMITS.maxJoiners * (textBytes(LIMITS.maxKeyPackageBytes) + AROUND_ONE) + SMALL_BYTES,
};

/** The longest event of a stream, in characters. */
export const MOST_EVENT_CHARS = LARGEST_ENTRY + SMALL_BYTES;

/** The longest answer to a call of a procedure, as JSON. */
export function mostAnswerBytes(procedure: string): number {
  return MOST_BYTES[procedure] ?? SMALL_BYTES;
}

/** How long a request may take to go out. */
export interface OutTime {
  ms: number;
  /** How much longer, while something comes from the relay, so that the way is slow and not dead. */
  moreMs: number;
}

/** @param otherBytes what others send on the same way */
export function outTime(requestBytes: number, otherBytes: number): OutTime {
  const othersMs = otherBytes / SLOWEST_BYTES_PER_MS;
  const behindMs = Math.min(othersMs, MOST_BEHIND_OTHERS_MS);
  return { ms: requestBytes / SLOWEST_BYTES_PER_MS + behindMs, moreMs: othersMs - behindMs };
}

/** Bytes as base64url. */
function textBytes(bytes: number): number {
  return Math.ceil((bytes * 4) / 3);
}
