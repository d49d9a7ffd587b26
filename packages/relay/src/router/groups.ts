import {
  commitInputSchema,
  commitProofBody,
  createGroupInputSchema,
  LIMITS,
  openGroupsStreamInputSchema,
  postInputSchema,
  readGroupInputSchema,
  toBase64Url,
  type Accepted,
} from '@quicprochat/protocol';
import { requireMember, requireMembers, requireProof } from '../access.ts';
import { RelayError } from '../errors.ts';
import { appendCommit, appendMessage, createGroup, readEntries, type Written } from '../store/groups.ts';
import { isSmallOrder } from '../signatures.ts';
import { expiryDay } from '../store/retention.ts';
import { newTicket } from '../store/secrets.ts';
import { groupTopic, inboxTopic } from '../topics.ts';
import { asMember, router } from '../trpc.ts';

/** The groups' logs. No call here carries a session, and none may: the relay is not to know which member makes it. */
export const groups = router({
  /** Makes a group at epoch 0, under the access key that proves itself. Done twice with the same key, it is done once. */
  create: asMember.input(createGroupInputSchema).mutation(async ({ ctx, input }) => {
    const { groupId, accessKey, proof } = input;
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

  /** Ends an epoch. Of many commits for one epoch the first is stored, and the others are told which one that was. */
  commit: asMember.input(commitInputSchema).mutation(async ({ ctx, input }): Promise<Accepted> => {
    const { groupId, epoch, id, proof, commit, nextAccessKey, welcome } = input;
    requireSecretKey(nextAccessKey);
    await requireMember(ctx, {
      procedure: 'groups.commit',
      groupId,
      epoch,
      proof,
      body: commitProofBody(input),
    });
    const written = await appendCommit(ctx.db, {
      groupId,
      epoch,
      id,
      payload: commit,
      nextAccessKey,
      welcome,
      welcomeExpiresOn: expiryDay(ctx.now(), LIMITS.welcomeKeptMs),
    });
    const accepted = requireAccepted(written, 'EPOCH_CONFLICT');
    ctx.wake.notify(groupTopic(groupId));
    for (const { deviceId } of welcome?.joiners ?? []) ctx.wake.notify(inboxTopic(deviceId));
    return accepted;
  }),

  /** Adds a message to the log of the epoch that goes on. */
  post: asMember.input(postInputSchema).mutation(async ({ ctx, input }): Promise<Accepted> => {
    const { groupId, epoch, id, message, proof } = input;
    await requireMember(ctx, { procedure: 'groups.post', groupId, epoch, proof, body: [id, message] });
    const accepted = requireAccepted(
      await appendMessage(ctx.db, { groupId, epoch, id, payload: message }),
      'STALE_EPOCH',
    );
    ctx.wake.notify(groupTopic(groupId));
    return accepted;
  }),

  /** A page of the log, as far as the key of the claimed epoch opens it. */
  read: asMember.input(readGroupInputSchema).mutation(async ({ ctx, input }) => {
    const { groupId, epoch, cursor, limit, proof } = input;
    const member = { procedure: 'groups.read' as const, groupId, epoch, proof, body: [cursor, limit] };
    const access = await requireMember(ctx, member);
    requireReadable(cursor, access.readableTo);
    return readEntries(ctx.db, { groupId, cursor, limit, access });
  }),

  /** A ticket for one stream over several groups. */
  openStream: asMember.input(openGroupsStreamInputSchema).mutation(async ({ ctx, input }) => {
    const members = input.groups.map(({ groupId, epoch, cursor, proof }) => {
      return { procedure: 'groups.openStream' as const, groupId, epoch, proof, body: [cursor] };
    });
    const access = await requireMembers(ctx, members);
    for (const [i, { cursor }] of input.groups.entries()) requireReadable(cursor, access[i]?.readableTo ?? 0);
    const followed = input.groups.map(({ groupId, epoch, cursor }) => ({ groupId, epoch, cursor }));
    const subscription = { kind: 'groups', groups: followed };
    return {
      ticket: toBase64Url(await newTicket(ctx.db, subscription, ctx.now() + LIMITS.ticketLifetimeMs)),
    };
  }),
});

function requireAccepted(written: Written, behind: 'EPOCH_CONFLICT' | 'STALE_EPOCH'): Accepted {
  switch (written.outcome) {
    case 'accepted':
      return { sequence: written.sequence };
    case 'reused-id':
      throw new RelayError('IDEMPOTENCY_CONFLICT');
    case 'behind':
      throw new RelayError(behind, { head: written.head, ...(written.winner && { winner: written.winner }) });
    case 'ahead':
      throw new RelayError('FUTURE_EPOCH', { head: written.head });
    case 'unknown-joiner':
      throw new RelayError('NOT_FOUND');
  }
}

/** Beyond what the key opens is as unknown as beyond the log: an old key cannot sound out how far the group went on. */
function requireReadable(cursor: number, readableTo: number): void {
  if (cursor > readableTo) throw new RelayError('CURSOR_INVALID');
}

/** What the schema cannot say of a key: that it is a secret's. */
function requireSecretKey(nextAccessKey: Uint8Array): void {
  if (!isSmallOrder(nextAccessKey)) return;
  const issue = { path: 'nextAccessKey', message: 'a key that everyone can sign with' };
  throw new RelayError('BAD_INPUT', { issues: [issue] });
}
