import { createHash } from 'node:crypto';
import type { RelayPlatform } from '../platform.ts';
import { prepared } from './prepared.ts';
import type { Db } from './schema.ts';

/** Challenges, sessions, tickets, tokens of blobs and nonces: short-lived secrets that count once, or until they expire. */

/** Where secrets come from, and where they are kept. */
interface Source {
  db: Db;
  platform: RelayPlatform;
}

export function hashOf(secret: Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}

export async function newChallenge({ db, platform }: Source, expiresAt: number): Promise<Buffer> {
  const challenge = platform.randomBytes(32);
  await db.insertInto('challenges').values({ challenge, expires_at: expiresAt }).execute();
  return challenge;
}

/** Takes a challenge out: the first who comes gets it, and nobody after. */
export async function takeChallenge(db: Db, challenge: Uint8Array, now: number): Promise<boolean> {
  const taken = await db
    .deleteFrom('challenges')
    .where('challenge', '=', Buffer.from(challenge))
    .returning('expires_at')
    .executeTakeFirst();
  return taken !== undefined && taken.expires_at > now;
}

/** The token is stored hashed: who reads the database cannot act as anyone. */
export async function newSession(
  { db, platform }: Source,
  deviceId: string,
  expiresAt: number,
): Promise<Buffer> {
  const token = platform.randomBytes(32);
  await db
    .insertInto('sessions')
    .values({ token_hash: hashOf(token), device_id: deviceId, expires_at: expiresAt })
    .execute();
  return token;
}

export async function findSession(db: Db, token: Uint8Array, now: number): Promise<string | undefined> {
  const session = await db
    .selectFrom('sessions')
    .select('device_id')
    .where('token_hash', '=', hashOf(token))
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return session?.device_id;
}

export async function newTicket(
  { db, platform }: Source,
  subscription: unknown,
  expiresAt: number,
): Promise<Buffer> {
  const ticket = platform.randomBytes(32);
  await db
    .insertInto('tickets')
    .values({
      ticket_hash: hashOf(ticket),
      subscription: JSON.stringify(subscription),
      expires_at: expiresAt,
    })
    .execute();
  return ticket;
}

export async function takeTicket(db: Db, ticket: Uint8Array, now: number): Promise<unknown> {
  const taken = await db
    .deleteFrom('tickets')
    .where('ticket_hash', '=', hashOf(ticket))
    .returning(['subscription', 'expires_at'])
    .executeTakeFirst();
  return taken !== undefined && taken.expires_at > now
    ? (JSON.parse(taken.subscription) as unknown)
    : undefined;
}

/** A token for one blob and one use of it. */
export async function newBlobToken(
  { db, platform }: Source,
  { blobId, use }: { blobId: string; use: 'upload' | 'download' },
  expiresAt: number,
): Promise<Buffer> {
  const token = platform.randomBytes(32);
  await db
    .insertInto('blob_tokens')
    .values({ token_hash: hashOf(token), blob_id: blobId, use, expires_at: minuteAfter(expiresAt) })
    .execute();
  return token;
}

export async function isBlobToken(
  db: Db,
  token: Uint8Array,
  { blobId, use, now }: { blobId: string; use: 'upload' | 'download'; now: number },
): Promise<boolean> {
  const found = await db
    .selectFrom('blob_tokens')
    .select('blob_id')
    .where('token_hash', '=', hashOf(token))
    .where('blob_id', '=', blobId)
    .where('use', '=', use)
    .where('expires_at', '>', now)
    .executeTakeFirst();
  return found !== undefined;
}

/** Of the time after which something of a group is forgotten only the minute is kept: its call is not to be told by it from others. */
function minuteAfter(timeMs: number): number {
  return Math.ceil(timeMs / 60_000) * 60_000;
}

/** What counts once: nonces, at least one, and for how long each is remembered. */
export interface Once {
  nonces: readonly Uint8Array[];
  forgottenAtMs: number;
}

/** Notes nonces; false where one of them was noted before, or comes twice. */
export async function useNonces(db: Db, { nonces, forgottenAtMs }: Once): Promise<boolean> {
  const forgottenAt = minuteAfter(forgottenAtMs);
  const [only] = nonces;
  if (only !== undefined && nonces.length === 1) {
    const { numAffectedRows } = await insertNonce(db, { nonce: Buffer.from(only), forgottenAt });
    return numAffectedRows === 1n;
  }
  // In one order for all: two calls with the same nonces do not wait for each other in a circle.
  const ordered = nonces.map((nonce) => Buffer.from(nonce)).sort((a, b) => a.compare(b));
  const result = await db
    .insertInto('nonces')
    .values(ordered.map((nonce) => ({ nonce, expires_at: forgottenAt })))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === BigInt(nonces.length);
}

const insertNonce = prepared((db, { nonce, forgottenAt }: { nonce: Buffer; forgottenAt: number }) =>
  db
    .insertInto('nonces')
    .values({ nonce, expires_at: forgottenAt })
    .onConflict((conflict) => conflict.doNothing()),
);

/** Forgets what has run out. Nothing depends on when this happens. */
export async function prune(db: Db, now: number): Promise<void> {
  const tables = ['challenges', 'sessions', 'nonces', 'tickets', 'follow_ups', 'blob_tokens'] as const;
  for (const table of tables) {
    await db.deleteFrom(table).where('expires_at', '<=', now).execute();
  }
}
