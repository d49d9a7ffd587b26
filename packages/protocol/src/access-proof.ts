import { z } from 'zod';
import { publicKeySchema } from './account.ts';
import { bytes } from './bytes.ts';
import { transcript, type TranscriptField } from './transcript.ts';

/**
 * Proof that the caller holds the access key of a group's epoch. Every member derives the same key pair from the MLS
 * exporter of that epoch, so the relay learns that *a* member calls and not which one.
 */
export const accessProofSchema = z.strictObject({
  /** When it was made, by the caller's clock, in milliseconds since 1970. */
  issuedAtMs: z.int().min(0),
  /** Random, used once. */
  nonce: bytes(16),
  /** The access key that signs. An epoch has one for each commit that began it, of which one holds. */
  accessKey: publicKeySchema,
  /** Ed25519, over {@link accessTranscript}. */
  signature: bytes(64),
});
export type AccessProof = z.output<typeof accessProofSchema>;

/** What a group call is, as far as its proof binds it. */
export interface AccessClaim {
  procedure:
    | 'groups.create'
    | 'groups.commit'
    | 'groups.post'
    | 'groups.signal'
    | 'groups.read'
    | 'groups.heads'
    | 'groups.candidate'
    | 'groups.openStream'
    | 'groups.follow'
    | 'blobs.create'
    | 'blobs.open';
  /** Host (and port) of the relay that the caller means to talk to: a proof for one relay is void at another. */
  audience: string;
  groupId: string;
  epoch: number;
  issuedAtMs: number;
  nonce: Uint8Array;
  /** All else that the call says; the order is given beside each input schema. */
  body: readonly TranscriptField[];
}

/** The bytes that an access proof's signature is over. */
export function accessTranscript(claim: AccessClaim): Uint8Array<ArrayBuffer> {
  const { procedure, audience, groupId, epoch, issuedAtMs, nonce, body } = claim;
  return transcript('access', [procedure, audience, groupId, epoch, issuedAtMs, nonce, ...body]);
}
