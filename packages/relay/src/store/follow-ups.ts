import type { Db } from './schema.ts';

/** What is given to a running stream by a call that may have come to another relay: it waits here until the stream takes it. */
export async function addFollowUp(
  db: Db,
  streamHash: Buffer,
  groups: unknown,
  expiresAt: number,
): Promise<void> {
  await db
    .insertInto('follow_ups')
    .values({ stream_hash: streamHash, groups: JSON.stringify(groups), expires_at: expiresAt })
    .execute();
}

/** Takes out what a stream was given, in the order in which it was. */
export async function takeFollowUps(db: Db, streamHash: Buffer, now: number): Promise<unknown[]> {
  const taken = await db
    .deleteFrom('follow_ups')
    .where('stream_hash', '=', streamHash)
    .returning(['id', 'groups', 'expires_at'])
    .execute();
  return taken
    .filter(({ expires_at }) => expires_at > now)
    .sort((a, b) => a.id - b.id)
    .map(({ groups }) => JSON.parse(groups) as unknown);
}

/** The streams, of all relays, for which something waits. */
export async function streamsWithFollowUps(db: Db): Promise<Buffer[]> {
  const waiting = await db.selectFrom('follow_ups').select('stream_hash').distinct().execute();
  return waiting.map(({ stream_hash }) => stream_hash);
}
