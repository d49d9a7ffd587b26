import { createHash, randomBytes } from 'node:crypto';
import type { Db } from './schema.ts';

/** Challenges, sessions, tickets and nonces: short-lived secrets that count once, or until they expire. */

export function hashOf(secret: Uint8Array): Buffer {
  return createHash('sha256').update(secret).digest();
}

export async function newChallenge(db: Db, expiresAt: number): Promise<Buffer> {
  const challenge = randomBytes(32);
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
export async function newSession(db: Db, deviceId: string, expiresAt: number): Promise<Buffer> {
  const token = randomBytes(32);
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

export async function newTicket(db: Db, subscription: unknown, expiresAt: number): Promise<Buffer> {
  const ticket = randomBytes(32);
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

/** Of the time after which a nonce is forgotten only the minute is kept: its call is not to be told by it from others. */
const NONCE_TIMES_MS = 60_000;

/** Notes nonces, at least one; false where one of them was noted before, or comes twice. */
export async function useNonces(db: Db, nonces: readonly Uint8Array[], expiresAt: number): Promise<boolean> {
  // In one order for all: two calls with the same nonces do not wait for each other in a circle.
  const ordered = nonces.map((nonce) => Buffer.from(nonce)).sort((a, b) => a.compare(b));
  const forgottenAt = Math.ceil(expiresAt / NONCE_TIMES_MS) * NONCE_TIMES_MS;
  const result = await db
    .insertInto('nonces')
    .values(ordered.map((nonce) => ({ nonce, expires_at: forgottenAt })))
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === BigInt(nonces.length);
}

/** Forgets what has run out. Nothing depends on when this happens. */
export async function prune(db: Db, now: number): Promise<void> {
  for (const table of ['challenges', 'sessions', 'nonces', 'tickets', 'follow_ups'] as const) {
    await db.deleteFrom(table).where('expires_at', '<=', now).execute();
  }
}
