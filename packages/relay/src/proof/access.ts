import {
  accessTranscript,
  LIMITS,
  type AccessClaim,
  type AccessProof,
  type TranscriptField,
} from '@quicprochat/protocol';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { findAccess, type Access } from '../store/groups.ts';
import { useNonces, type Once } from '../store/secrets.ts';
import { isSignedBy, KnownKeys, NOBODYS_KEY } from './signatures.ts';

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
 *
 * @param admit throws where the member may not call just now: that uses nothing up
 */
export async function requireMember(
  ctx: Context,
  claim: Proven,
  admit: (access: Access) => Promise<void> = async () => undefined,
): Promise<Access> {
  const access = await requireProofOfMember(ctx, claim);
  await admit(access);
  await requireFresh(ctx, [claim]);
  return access;
}

/**
 * {@link requireMember} for a write, which notes in its own transaction that the proof is used up: one wait for the disk
 * less.
 */
export async function requireWriter(ctx: Context, claim: Proven): Promise<{ access: Access; once: Once }> {
  const access = await requireProofOfMember(ctx, claim);
  return { access, once: onceOf(ctx, [claim]) };
}

/**
 * {@link requireWriter} for a write that looks for the key's access in its own transaction, too: a read less, which costs
 * SQLite as much as a small write. A wrong signature is refused before the store is asked.
 *
 * @param allow throws where the member may not write just now: that uses nothing up
 * @returns what requires, in that transaction and before anything is stored, that the key is the claimed epoch's
 */
export async function requireSigned(
  ctx: Context,
  claim: Proven,
  allow: (access: Access) => void,
): Promise<(access: Access | undefined) => Once> {
  const { accessKey } = claim.proof;
  if (!(await isProof(ctx, accessKey, claim))) throw new RelayError('NOT_AUTHORIZED');
  return (access) => {
    if (access === undefined) throw new RelayError('NOT_AUTHORIZED');
    groupKeys.keep(accessKey);
    requireEpoch(access, claim.epoch);
    const once = onceOf(ctx, [claim]);
    allow(access);
    return once;
  };
}

/** {@link requireMember} for several groups at once. Of one wrong proof, none is used up; one used proof spoils them all. */
export async function requireMembers(ctx: Context, claims: readonly Proven[]): Promise<Access[]> {
  const access: Access[] = [];
  for (const claim of claims) access.push(await requireProofOfMember(ctx, claim));
  await requireFresh(ctx, claims);
  return access;
}

/**
 * {@link requireMembers} for calls that one wrong proof does not fail. The refusal stands in the place of the access, and
 * that proof is not used up.
 */
export async function findMembers(ctx: Context, claims: readonly Proven[]): Promise<(Access | RelayError)[]> {
  const found: (Access | RelayError)[] = [];
  for (const claim of claims) {
    const access = requireProofOfMember(ctx, claim);
    found.push(await access.catch(refusalOf));
  }
  const proven = claims.filter((_, i) => !(found[i] instanceof RelayError));
  if (proven.length > 0) await requireFresh(ctx, proven);
  return found;
}

function refusalOf(error: unknown): RelayError {
  if (error instanceof RelayError) return error;
  throw error;
}

/** Requires that the holder of this very key made the call. */
export async function requireProof(ctx: Context, accessKey: Uint8Array, claim: Proven): Promise<void> {
  const isNamed = Buffer.from(accessKey).equals(claim.proof.accessKey);
  if (!isNamed || !(await isProof(ctx, accessKey, claim))) throw new RelayError('NOT_AUTHORIZED');
  await requireFresh(ctx, [claim]);
}

async function requireProofOfMember(ctx: Context, claim: Proven): Promise<Access> {
  const access = await findAccess(ctx.db, claim.groupId, claim.proof.accessKey);
  // Checked also where there is no group and no key, so that the time it takes does not tell.
  const isSigned = await isProof(ctx, access?.accessKey ?? NOBODYS_KEY, claim);
  if (access === undefined || !isSigned) throw new RelayError('NOT_AUTHORIZED');
  groupKeys.keep(claim.proof.accessKey);
  requireEpoch(access, claim.epoch);
  return access;
}

function requireEpoch(access: Access, claimed: number): void {
  if (claimed === access.epoch) return;
  // An epoch that has not begun: only who proves membership of the last one is told where the group stands.
  if (claimed > access.epoch && !access.isEnded) throw new RelayError('FUTURE_EPOCH', { head: access.head });
  throw new RelayError('NOT_AUTHORIZED');
}

/** Called after the signatures were found good: else anyone could use up the nonces of others. */
async function requireFresh(ctx: Context, claims: readonly Proven[]): Promise<void> {
  if (!(await useNonces(ctx.db, onceOf(ctx, claims)))) throw new RelayError('REPLAYED');
}

/** What is to be noted, so that proofs of just now count once. */
function onceOf(ctx: Context, claims: readonly Proven[]): Once {
  const now = ctx.platform.now();
  const arrivalMs = Math.max(...claims.map(arrivalMsOf));
  for (const { proof } of claims) {
    const ageMs = now - proof.issuedAtMs;
    if (ageMs > LIMITS.proofWindowMs + arrivalMs || ageMs < -LIMITS.proofWindowMs)
      throw new RelayError('CLOCK_SKEW', { relayTimeMs: now });
  }
  // After twice the window the time alone refuses a copy; the third is for another relay on the same store, whose clock is
  // fast and which forgets earlier.
  const forgottenAtMs = now + 3 * LIMITS.proofWindowMs + arrivalMs;
  return { nonces: claims.map(({ proof }) => proof.nonce), forgottenAtMs };
}

/**
 * How long what was proven may take to arrive over a slow link, after its proof was made. Counted by what the proof covers: a
 * copy of it cannot be made longer than it was.
 */
function arrivalMsOf({ body }: Proven): number {
  const bytes = body.reduce<number>((sum, field) => sum + (typeof field === 'number' ? 0 : field.length), 0);
  // base64url adds a third.
  return Math.round(((bytes * 4) / 3 / LIMITS.leastBodyBytesPerMinute) * 60_000);
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
  return isSignedBy(ctx.platform, accessKey, transcript, proof.signature, groupKeys);
}
