import { z } from 'zod';
import { LIMITS } from './limits.ts';

/**
 * Ids travel as text and are branded, so that a device's id cannot stand where a group's is meant.
 * All but handles are 16 random bytes in lower-case hex: nothing can be guessed or counted from them.
 */
const hex16 = z.string().regex(/^[0-9a-f]{32}$/, 'must be 32 lower-case hex digits');

/** One device of an account. */
export const deviceIdSchema = hex16.brand<'DeviceId'>();
export type DeviceId = z.infer<typeof deviceIdSchema>;

/** One MLS group; the same bytes as the MLS `group_id` (RFC 9420 §8.1). */
export const groupIdSchema = hex16.brand<'GroupId'>();
export type GroupId = z.infer<typeof groupIdSchema>;

/** One entry of a group's log, chosen by its sender: also the idempotency key of the write that made it. */
export const entryIdSchema = hex16.brand<'EntryId'>();
export type EntryId = z.infer<typeof entryIdSchema>;

/** One blob, chosen by its uploader. */
export const blobIdSchema = hex16.brand<'BlobId'>();
export type BlobId = z.infer<typeof blobIdSchema>;

/**
 * The name that people find an account by: lower-case letters, digits, `.`, `_` and `-`, starting with a letter or a
 * digit. No other alphabet, so that two handles which look alike are alike.
 */
export const handleSchema = z
  .string()
  .min(LIMITS.handle.min)
  .max(LIMITS.handle.max)
  .regex(/^[a-z0-9][a-z0-9._-]*$/, 'use a-z, 0-9, ".", "_" and "-"; start with a letter or a digit')
  .brand<'Handle'>();
export type Handle = z.infer<typeof handleSchema>;

/**
 * An MLS epoch, as the client that sent it claims it. MLS counts to 2^64-1; this protocol stops at 2^53-1, the largest
 * integer that JSON numbers carry exactly: a commit every millisecond for 285,000 years.
 */
export const epochSchema = z.int().min(0).brand<'Epoch'>();
export type Epoch = z.infer<typeof epochSchema>;

/** A place in a group's log or a device's inbox. The first entry has 1; a cursor of 0 stands before it. */
export const sequenceSchema = z.int().min(0).brand<'Sequence'>();
export type Sequence = z.infer<typeof sequenceSchema>;
