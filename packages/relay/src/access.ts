import {
  accessTranscript,
  LIMITS,
  type AccessClaim,
  type AccessProof,
  type TranscriptField,
} from '@quicprochat/protocol';
import type { Context } from './context.ts';
import { RelayError } from './errors.ts';
import { isSignedBy } from './signatures.ts';
import { findEpoch, findHead } from './store/groups.ts';
import { useNonce } from './store/secrets.ts';

interface Proven {
  procedure: AccessClaim['procedure'];
  groupId: string;
  epoch: number;
  proof: AccessProof;
  body: readonly TranscriptField[];
}

/**
 * Requires that a member of the group's epoch made this call, just now and not before. Which member, nobody can tell:
 * all of them hold the same key.
 *
 * @returns where the commit stands that ended the epoch, or null while it goes on
 */
export async function requireMember(ctx: Context, claim: Proven): Promise<{ endedBy: number | null }> {
  const epoch = await findEpoch(ctx.db, claim.groupId, claim.epoch);
  if (epoch === undefined) throw await refusal(ctx, claim);
  await requireProof(ctx, epoch.access_key, claim);
  return { endedBy: epoch.ended_by };
}

/** Requires that the holder of this very key made the call. */
export async function requireProof(ctx: Context, accessKey: Uint8Array, claim: Proven): Promise<void> {
  if (!isProof(ctx, accessKey, claim)) throw new RelayError('NOT_AUTHORIZED');
  const { issuedAtMs, nonce } = claim.proof;
  const now = ctx.now();
  if (Math.abs(now - issuedAtMs) > LIMITS.proofWindowMs)
    throw new RelayError('CLOCK_SKEW', { relayTimeMs: now });
  // After twice the window the time alone refuses a copy.
  if (!(await useNonce(ctx.db, nonce, now + 2 * LIMITS.proofWindowMs))) throw new RelayError('REPLAYED');
}

function isProof(ctx: Context, accessKey: Uint8Array, claim: Proven): boolean {
  const { procedure, groupId, epoch, proof, body } = claim;
  const { issuedAtMs, nonce } = proof;
  const transcript = accessTranscript({
    procedure,
    audience: ctx.audience,
    groupId,
    epoch,
    issuedAtMs,
    nonce,
    body,
  });
  return isSignedBy(accessKey, transcript, proof.signature);
}

/** An epoch that has not begun: only who proves membership of the last one is told where the group stands. */
async function refusal(ctx: Context, claim: Proven): Promise<RelayError> {
  const head = await findHead(ctx.db, claim.groupId);
  const last = head && (await findEpoch(ctx.db, claim.groupId, head.epoch));
  if (head === undefined || last === undefined) return new RelayError('NOT_AUTHORIZED');
  return isProof(ctx, last.access_key, claim)
    ? new RelayError('FUTURE_EPOCH', { head })
    : new RelayError('NOT_AUTHORIZED');
}
