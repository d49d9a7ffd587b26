import {
  createBlobInputSchema,
  createBlobProofBody,
  LIMITS,
  openBlobInputSchema,
  toBase64Url,
  type CreatedBlob,
  type OpenedBlob,
} from '@quicprochat/protocol';
import { RelayError } from '../errors.ts';
import { requireMember } from '../proof/access.ts';
import { createBlob, findBlob } from '../store/blobs.ts';
import { opensEpochOf } from '../store/branches.ts';
import { dayOf, expiryDay } from '../store/retention.ts';
import { newBlobToken } from '../store/secrets.ts';
import { asMember, router, whereRoomIs } from './trpc.ts';

/** A relay that was given no place for blobs does not know these procedures. */
const whereBlobsAre = asMember.use(async ({ ctx, next }) => {
  if (ctx.blobs === undefined) throw new RelayError('NO_SUCH_PROCEDURE');
  return next();
});

/** Which blobs a group has. Their bytes go over the routes in blobs/routes.ts, for who got a token here. */
export const blobs = router({
  /** Makes room for a blob, and gives a token to upload it with. */
  create: whereBlobsAre
    .use(whereRoomIs)
    .input(createBlobInputSchema)
    .mutation(async ({ ctx, input }): Promise<CreatedBlob> => {
      const { groupId, epoch, id, size, sha256, proof } = input;
      const body = createBlobProofBody(input);
      const access = await requireMember(ctx, { procedure: 'blobs.create', groupId, epoch, proof, body });
      if (access.isEnded) throw new RelayError('STALE_EPOCH', { head: access.head });
      const now = ctx.platform.now();
      const expiresOn = expiryDay(now, LIMITS.uploadKeptMs);
      const blob = { id, logId: access.logId, epoch, size, sha256, today: dayOf(now), expiresOn };
      const created = await createBlob(ctx.db, blob);
      if (created.outcome === 'reused-id') throw new RelayError('IDEMPOTENCY_CONFLICT');
      if (created.outcome === 'over-quota') throw new RelayError('QUOTA_EXCEEDED');
      const expiresAtMs = now + LIMITS.uploadKeptMs;
      const token = await newBlobToken(ctx, { blobId: id, use: 'upload' }, expiresAtMs);
      return { token: toBase64Url(token), expiresAtMs, offset: created.stored };
    }),

  /** A token to read a blob with. */
  open: whereBlobsAre.input(openBlobInputSchema).mutation(async ({ ctx, input }): Promise<OpenedBlob> => {
    const { groupId, epoch, id, proof } = input;
    const access = await requireMember(ctx, { procedure: 'blobs.open', groupId, epoch, proof, body: [id] });
    const now = ctx.platform.now();
    const blob = await findBlob(ctx.db, id, dayOf(now));
    // One answer for all: a key of before cannot sound out what the group has sent since.
    const isOpen =
      blob?.state === 'whole' &&
      (await opensEpochOf(ctx.db, access, { logId: blob.log_id, epoch: blob.epoch }));
    if (!isOpen) throw new RelayError('NOT_FOUND');
    const expiresAtMs = now + LIMITS.downloadTokenLifetimeMs;
    const token = await newBlobToken(ctx, { blobId: id, use: 'download' }, expiresAtMs);
    return { token: toBase64Url(token), expiresAtMs, size: blob.size };
  }),
});
