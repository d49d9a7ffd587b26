import { z } from 'zod';
import { sequenceSchema } from './ids.ts';

/** `inbox.read`: a page after `cursor`, for the signed-in device. */
export const readInboxInputSchema = z.strictObject({
  cursor: sequenceSchema,
  limit: z.int().min(1),
});

/** `inbox.acknowledge`: everything up to `sequence` was received and stored; the relay deletes it. */
export const acknowledgeInboxInputSchema = z.strictObject({ sequence: sequenceSchema });

/** One Welcome in a device's inbox. */
export interface InboxEntry {
  sequence: number;
  groupId: string;
  /** Where the commit that added this device stands in the group's log: the joiner reads on from there. */
  groupSequence: number;
  /** This device's own part of the Welcome, base64url. */
  secrets: string;
  /** The part that it shares with all who join by the same commit, base64url. */
  shared: string;
}

/** A page of an inbox. */
export interface InboxPage {
  entries: InboxEntry[];
  cursor: number;
  more: boolean;
}
