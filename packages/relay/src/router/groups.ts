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
import { requireMember, requireProof } from '../access.ts';
import type { Context } from '../context.ts';
import { RelayError } from '../errors.ts';
import {
  appendCommit,
  appendMessage,
  createGroup,
  findHead,
  readEntries,
  type Written,
} from '../store/groups.ts';
import { newTicket } from '../store/secrets.ts';
import { groupTopic, inboxTopic } from '../topics.ts';
import { limited, open, router } from '../trpc.ts';

/** The groups' logs. No call here carries a session, and none may: the relay is not to know which member makes it. */
export const groups = router({
  create: open
    .use(limited('write'))
    .input(createGroupInputSchema)
    .mutation(async ({ ctx, input }) => {
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

  commit: open
    .use(limited('write'))
    .input(commitInputSchema)
    .mutation(async ({ ctx, input }): Promise<Accepted> => {
      const { groupId, epoch, id, proof, commit, nextAccessKey, welcomes } = input;
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
        welcomes,
      });
      const accepted = requireAccepted(written, 'EPOCH_CONFLICT');
      ctx.wake.notify(groupTopic(groupId));
      for (const device of welcomes.flatMap(({ recipients }) => recipients))
        ctx.wake.notify(inboxTopic(device));
      return accepted;
    }),

  post: open
    .use(limited('write'))
    .input(postInputSchema)
    .mutation(async ({ ctx, input }): Promise<Accepted> => {
      const { groupId, epoch, id, message, proof } = input;
      await requireMember(ctx, { procedure: 'groups.post', groupId, epoch, proof, body: [id, message] });
      const accepted = requireAccepted(
        await appendMessage(ctx.db, { groupId, epoch, id, payload: message }),
        'STALE_EPOCH',
      );
      ctx.wake.notify(groupTopic(groupId));
      return accepted;
    }),

  read: open.input(readGroupInputSchema).mutation(async ({ ctx, input }) => {
    const { groupId, epoch, cursor, limit, proof } = input;
    const member = { procedure: 'groups.read' as const, groupId, epoch, proof, body: [cursor, limit] };
    const { endedBy } = await requireMember(ctx, member);
    await requireKnown(ctx, groupId, cursor);
    return readEntries(ctx.db, { groupId, cursor, limit, endedBy });
  }),

  openStream: open.input(openGroupsStreamInputSchema).mutation(async ({ ctx, input }) => {
    for (const { groupId, epoch, cursor, proof } of input.groups) {
      await requireMember(ctx, { procedure: 'groups.openStream', groupId, epoch, proof, body: [cursor] });
      await requireKnown(ctx, groupId, cursor);
    }
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
    case 'unknown-recipient':
      throw new RelayError('NOT_FOUND');
  }
}

async function requireKnown(ctx: Context, groupId: string, cursor: number): Promise<void> {
  const head = await findHead(ctx.db, groupId);
  if (head === undefined || cursor > head.sequence) throw new RelayError('CURSOR_INVALID');
}
