import {
  commitInputSchema,
  commitProofBody,
  createGroupInputSchema,
  followInputSchema,
  groupHeadsInputSchema,
  LIMITS,
  openGroupsStreamInputSchema,
  postBytes,
  postInputSchema,
  postProofBody,
  readCandidateInputSchema,
  readGroupInputSchema,
  signalInputSchema,
  toBase64Url,
  type Accepted,
  type Candidate,
  type GroupHead,
  type GroupHeads,
  type GroupPage,
  type Posted,
} from '@quicprochat/protocol';
import type { z } from 'zod';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import { consume, consumeForEach, consumeWelcomes } from '../limits/rate-limit.ts';
import {
  findMembers,
  requireMember,
  requireMembers,
  requireProof,
  requireSigned,
  requireWriter,
} from '../proof/access.ts';
import { isSmallOrder } from '../proof/signatures.ts';
import type { Refused } from '../store/append.ts';
import { appendCommit } from '../store/append-commit.ts';
import { appendMessages } from '../store/append-messages.ts';
import { addFollowUp } from '../store/follow-ups.ts';
import { createGroup, type Access } from '../store/groups.ts';
import { markAt, readCandidate, readEntries } from '../store/log.ts';
import { expiryDay } from '../store/retention.ts';
import { hashOf, newTicket } from '../store/secrets.ts';
import { knownDevices, welcomeBytes } from '../store/welcomes.ts';
import type { Place } from '../streams/shared-pages.ts';
import { inboxTopic, logTopic, streamTopic } from '../streams/topics.ts';
import { asMember, router, whereRoomIs } from './trpc.ts';

/** The groups' logs. No call here carries a session, and none may: the relay is not to know which member makes it. */
export const groups = router({
  /** Makes a group at epoch 0, under the access key that proves itself. Done twice with the same key, it is done once. */
  create: asMember
    .use(whereRoomIs)
    .input(createGroupInputSchema)
    .mutation(async ({ ctx, input }) => {
      const { groupId, accessKey, proof } = input;
      consume(ctx, 'group');
      await requireProof(ctx, accessKey, {
        procedure: 'groups.create',
        groupId,
        epoch: 0,
        proof,
        body: [accessKey],
      });
      if (!(await createGroup(ctx.db, groupId, accessKey))) throw new RelayError('GROUP_EXISTS');
      return {};
    }),

  /**
   * Ends an epoch. Of many commits for one epoch the first is stored, and the others are told which one that was. Who
   * finds it void brings another as the next candidate.
   */
  commit: asMember
    .use(whereRoomIs)
    .input(commitInputSchema)
    .mutation(async ({ ctx, input }): Promise<Accepted> => {
      const { groupId, epoch, id, candidate, proof, commit, nextAccessKey, welcome } = input;
      requireSecretKey(nextAccessKey);
      const { access, once } = await requireWriter(ctx, {
        procedure: 'groups.commit',
        groupId,
        epoch,
        proof,
        body: commitProofBody(input),
      });
      consume(ctx, 'commit', { who: writersOf(access) });
      consume(ctx, 'storedBytes', { amount: commit.length + welcomeBytes(welcome) });
      const joiners = welcome?.joiners.map(({ deviceId }) => deviceId) ?? [];
      // Of devices that are there alone: what does not exist takes up no memory.
      consumeWelcomes(ctx, await knownDevices(ctx.db, joiners));
      const written = await appendCommit(ctx.db, {
        once,
        groupId,
        logId: access.logId,
        epoch,
        id,
        candidate,
        payload: commit,
        nextAccessKey,
        welcome,
        welcomeExpiresOn: expiryDay(ctx.platform.now(), LIMITS.welcomeKeptMs),
      });
      if (written.outcome === 'inbox-full') ctx.observe({ type: 'limited', limit: 'inbox' });
      const { place } = requireAccepted(written, 'EPOCH_CONFLICT');
      ctx.wake.notify(logTopic(place.logId));
      for (const deviceId of joiners) ctx.wake.notify(inboxTopic(deviceId));
      ctx.pusher.push(joiners);
      return { sequence: place.sequence, receipt: await ctx.notary.receipt(groupId, place) };
    }),

  /** Adds messages to the log of the epoch that goes on: all that are new, or none. */
  post: asMember
    .use(whereRoomIs)
    .input(postInputSchema)
    .mutation(async ({ ctx, input }): Promise<Posted> => {
      const { groupId, epoch, entries, proof } = input;
      const body = postProofBody(entries);
      const member = { procedure: 'groups.post' as const, groupId, epoch, proof, body };
      const admit = await requireSigned(ctx, member, (access) => {
        const who = writersOf(access);
        const [messages, bytes] = [entries.length, postBytes(entries)];
        consume(ctx, 'message', { who, amount: messages });
        consume(ctx, 'messageBytes', { who, amount: bytes });
        consume(ctx, 'storedBytes', { amount: bytes });
        consume(ctx, 'dailyMessage', { who, amount: messages });
        consume(ctx, 'dailyMessageBytes', { who, amount: bytes });
      });
      const { accessKey } = proof;
      const written = await appendMessages(ctx.db, { groupId, accessKey, admit, epoch, entries });
      const { place, sequences } = requireAccepted(written, 'STALE_EPOCH');
      ctx.wake.notify(logTopic(place.logId));
      return { sequences, receipt: await ctx.notary.receipt(groupId, place) };
    }),

  /** For who follows this epoch just now, on any relay. Of the call itself nothing is stored but its proof's nonce. */
  signal: asMember.input(signalInputSchema).mutation(async ({ ctx, input }) => {
    const { groupId, epoch, signal, proof } = input;
    const member = { procedure: 'groups.signal' as const, groupId, epoch, proof, body: [signal] };
    const { logId, isEnded, head } = await requireMember(ctx, member, async (access) => {
      consume(ctx, 'signal', { who: writersOf(access) });
    });
    if (isEnded) throw new RelayError('STALE_EPOCH', { head });
    ctx.signals.send({ groupId, logId, epoch }, toBase64Url(signal));
    return {};
  }),

  /** A page of the log, as far as the key of the claimed epoch opens it. */
  read: asMember.input(readGroupInputSchema).mutation(async ({ ctx, input }): Promise<GroupPage> => {
    const { groupId, epoch, cursor, limit, proof } = input;
    const member = { procedure: 'groups.read' as const, groupId, epoch, proof, body: [cursor, limit] };
    const access = await requireMember(ctx, member);
    requireReadable(cursor, access.readableTo);
    const { after, ...page } = await readEntries(ctx.db, { cursor, limit, access });
    const before = await ctx.notary.receipt(groupId, await markAt(ctx.db, access, cursor));
    return {
      ...page,
      receipts: { before, after: after === undefined ? before : await ctx.notary.receipt(groupId, after) },
    };
  }),

  /** How far each log can be read with the key of its claimed epoch. A group that is refused does not fail the others. */
  heads: asMember.input(groupHeadsInputSchema).mutation(async ({ ctx, input }): Promise<GroupHeads> => {
    const { groups } = input;
    const procedure = 'groups.heads';
    // Each is proven by a signature of its own: each counts as a call.
    consumeForEach(ctx, groups);
    const found = await findMembers(
      ctx,
      groups.map((group) => ({ ...group, procedure, body: [] })),
    );
    const heads = groups.map(({ groupId }, i) => headOf(ctx, groupId, found[i]));
    return { heads: await Promise.all(heads) };
  }),

  /** One of the commits for an epoch that has ended, for members who find those before it void. */
  candidate: asMember.input(readCandidateInputSchema).mutation(async ({ ctx, input }): Promise<Candidate> => {
    const { groupId, epoch, candidate, proof } = input;
    const member = { procedure: 'groups.candidate' as const, groupId, epoch, proof, body: [candidate] };
    const access = await requireMember(ctx, member);
    const found = await readCandidate(ctx.db, access, candidate);
    if (found === undefined) return { entry: null, receipts: null };
    const before = await ctx.notary.receipt(groupId, found.before);
    return {
      entry: found.entry,
      receipts: { before, after: await ctx.notary.receipt(groupId, found.after) },
    };
  }),

  /** A ticket for one stream over several groups. */
  openStream: asMember.input(openGroupsStreamInputSchema).mutation(async ({ ctx, input }) => {
    const subscription = { kind: 'groups', groups: await requireFollowable(ctx, input.groups) };
    return {
      ticket: toBase64Url(await newTicket(ctx, subscription, ctx.platform.now() + LIMITS.ticketLifetimeMs)),
    };
  }),

  /** Adds groups to a stream that runs, on whichever relay, for who knows its id. */
  follow: asMember.input(followInputSchema).mutation(async ({ ctx, input }) => {
    const places = await requireFollowable(ctx, input.groups, input.stream);
    const streamHash = hashOf(input.stream);
    await addFollowUp(ctx.db, streamHash, places, ctx.platform.now() + LIMITS.ticketLifetimeMs);
    ctx.wake.notify(streamTopic(streamHash));
    return {};
  }),
});

/**
 * Who has been removed, or has left for a line of his own, uses up nothing of what the others may write: neither in the
 * epoch that goes on, nor, where its commit is void, for the one that they go back to.
 */
function writersOf({ logId, epoch, isEnded }: Access): string {
  return isEnded ? `${logId} ${epoch}` : logId;
}

/** The end of what a key opens: of an ended epoch that is the commit that ended it, however far the log went on. */
async function headOf(
  ctx: Context,
  groupId: string,
  access: Access | RelayError | undefined,
): Promise<GroupHead> {
  if (access === undefined) throw new Error('a group was not looked for');
  if (access instanceof RelayError) {
    const error = access.qpc;
    if (error === 'NOT_AUTHORIZED' || error === 'FUTURE_EPOCH') return { error };
    throw access;
  }
  const { readableTo: sequence, isEnded: ended } = access;
  const receipt = await ctx.notary.receipt(groupId, await markAt(ctx.db, access, sequence));
  return { sequence, ended, receipt };
}

/** Where a stream begins in each of these groups; their proofs are for that, and for a running stream if one is named. */
async function requireFollowable(
  ctx: Context,
  groups: z.output<typeof openGroupsStreamInputSchema>['groups'],
  stream?: Uint8Array,
): Promise<Place[]> {
  const members = groups.map(({ groupId, epoch, cursor, proof }) => {
    const claim = { groupId, epoch, proof };
    if (stream === undefined) return { ...claim, procedure: 'groups.openStream' as const, body: [cursor] };
    return { ...claim, procedure: 'groups.follow' as const, body: [stream, cursor] };
  });
  // Each is proven by a signature of its own, and followed for as long as the stream lasts: each counts as a call.
  consumeForEach(ctx, groups);
  const access = await requireMembers(ctx, members);
  for (const [i, { cursor }] of groups.entries()) requireReadable(cursor, access[i]?.readableTo ?? 0);
  return groups.map(({ groupId, epoch, cursor }, i) => {
    return { groupId, logId: access[i]?.logId ?? groupId, epoch, cursor };
  });
}

function requireAccepted<Accepted extends { outcome: 'accepted' }>(
  written: Accepted | Refused,
  behind: 'EPOCH_CONFLICT' | 'STALE_EPOCH',
): Accepted {
  switch (written.outcome) {
    case 'accepted':
      return written;
    case 'replayed':
      throw new RelayError('REPLAYED');
    case 'reused-id':
      throw new RelayError('IDEMPOTENCY_CONFLICT');
    case 'reused-key':
      throw badInput('nextAccessKey', 'the group has had this key before');
    case 'no-such-candidate':
      throw badInput('candidate', 'this epoch has fewer commits than that');
    case 'behind':
      throw new RelayError(behind, { head: written.head, winner: written.winner });
    case 'gone':
      throw new RelayError('NOT_AUTHORIZED');
    case 'unknown-joiner':
      throw new RelayError('NOT_FOUND');
    case 'inbox-full':
      throw new RelayError('QUOTA_EXCEEDED', { handle: written.handle });
  }
}

/** Beyond what the key opens is as unknown as beyond the log: an old key cannot sound out how far the group went on. */
function requireReadable(cursor: number, readableTo: number): void {
  if (cursor > readableTo) throw new RelayError('CURSOR_INVALID');
}

/** What the schema cannot say of a key: that it is a secret's. */
function requireSecretKey(nextAccessKey: Uint8Array): void {
  if (isSmallOrder(nextAccessKey)) throw badInput('nextAccessKey', 'anyone can sign with this key');
}

function badInput(path: string, message: string): RelayError {
  return new RelayError('BAD_INPUT', { issues: [{ path, message }] });
}
