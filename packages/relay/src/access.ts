import {
  accessTranscript,
  LIMITS,
  type AccessClaim,
  type AccessProof,
  type TranscriptField,
} from '@quicprochat/protocol';
import type { Context } from './context.ts';
import { RelayError } from './errors.ts';
import { isSignedBy, KnownKeys, NOBODYS_KEY } from './signatures.ts';
import { findAccess, findEpoch, findHead, type Readable } from './store/groups.ts';
import { useNonces } from './store/secrets.ts';

/** Of groups that are in use. Each proves many calls. */
const groupKeys = new KnownKeys(4_096);

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
 */
export async function requireMember(ctx: Context, claim: Proven): Promise<Readable> {
  const access = await requireProofOfMember(ctx, claim);
  await requireFresh(ctx, [claim.proof]);
  return access;
}

/** {@link requireMember} for several groups at once: every proof is used up, or none of them. */
export async function requireMembers(ctx: Context, claims: readonly Proven[]): Promise<Readable[]> {
  const access: Readable[] = [];
  for (const claim of claims) access.push(await requireProofOfMember(ctx, claim));
  await requireFresh(
    ctx,
    claims.map(({ proof }) => proof),
  );
  return access;
}

/** Requires that the holder of this very key made the call. */
export async function requireProof(ctx: Context, accessKey: Uint8Array, claim: Proven): Promise<void> {
  if (!(await isProof(ctx, accessKey, claim))) throw new RelayError('NOT_AUTHORIZED');
  await requireFresh(ctx, [claim.proof]);
}

async function requireProofOfMember(ctx: Context, claim: Proven): Promise<Readable> {
  const access = await findAccess(ctx.db, claim.groupId, claim.epoch);
  if (access === undefined) throw await refusal(ctx, claim);
  if (!(await isProof(ctx, access.accessKey, claim))) throw new RelayError('NOT_AUTHORIZED');
  return access;
}

/** Called after the signatures were found good: else anyone could use up the nonces of others. */
async function requireFresh(ctx: Context, proofs: readonly AccessProof[]): Promise<void> {
  const now = ctx.now();
  if (proofs.some(({ issuedAtMs }) => Math.abs(now - issuedAtMs) > LIMITS.proofWindowMs))
    throw new RelayError('CLOCK_SKEW', { relayTimeMs: now });
  const nonces = proofs.map(({ nonce }) => nonce);
  // After twice the window the time alone refuses a copy.
  if (!(await useNonces(ctx.db, nonces, now + 2 * LIMITS.proofWindowMs))) throw new RelayError('REPLAYED');
}

function isProof(ctx: Context, accessKey: Uint8Array, claim: Proven): Promise<boolean> {
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
  return isSignedBy(accessKey, transcript, proof.signature, groupKeys);
}

/** An epoch that has not begun: only who proves membership of the last one is told where the group stands. */
async function refusal(ctx: Context, claim: Proven): Promise<RelayError> {
  const head = await findHead(ctx.db, claim.groupId);
  const last = head && (await findEpoch(ctx.db, claim.groupId, head.epoch));
  // Checked also where there is no group, so that the time it takes does not tell.
  const isMember = await isProof(ctx, last?.access_key ?? NOBODYS_KEY, claim);
  return head !== undefined && isMember
    ? new RelayError('FUTURE_EPOCH', { head })
    : new RelayError('NOT_AUTHORIZED');
}
