import { LIMITS, type WelcomeParts } from '@quicprochat/protocol';
import { first, prepared } from './prepared.ts';
import type { Db } from './schema.ts';

/** The commit that a Welcome belongs to. */
interface Joining {
  groupId: string;
  sequence: number;
  /** The day on which the Welcome goes, see `expiryDay`. */
  expiresOn: number;
}

/** Those of these devices that are registered. */
export async function knownDevices(db: Db, deviceIds: readonly string[]): Promise<string[]> {
  if (deviceIds.length === 0) return [];
  const known = await db
    .selectFrom('devices')
    .select('device_id')
    .where('device_id', 'in', [...deviceIds])
    .execute();
  return known.map(({ device_id }) => device_id);
}

/** Bytes that a Welcome takes up: its shared part once, and what each joiner has of its own. */
export function welcomeBytes(welcome: WelcomeParts | null): number {
  if (welcome === null) return 0;
  return welcome.joiners.reduce((sum, { secrets }) => sum + secrets.length, welcome.shared.length);
}

/**
 * The handle of a joiner whose inbox has no room for what this Welcome brings; undefined if all have. Locks the inboxes
 * that have had something, so that Welcomes that come at once do not overfill one together.
 */
export async function findFullInbox(tx: Db, { shared, joiners }: WelcomeParts): Promise<string | undefined> {
  const bytesOf = new Map(joiners.map(({ deviceId, secrets }) => [deviceId, shared.length + secrets.length]));
  const heads = await tx
    .selectFrom('inbox_heads')
    .select(['device_id', 'sequence', 'bytes'])
    .where('device_id', 'in', [...bytesOf.keys()])
    .orderBy('device_id')
    .forUpdate()
    .execute();
  for (const { device_id: deviceId, sequence, bytes } of heads) {
    const oldest = await first(selectOldest(tx, { deviceId }));
    if (oldest === undefined) continue;
    const waiting = sequence - oldest.sequence + 1;
    const waitingBytes = bytes - oldest.preceding_bytes + (bytesOf.get(deviceId) ?? 0);
    if (waiting >= LIMITS.maxInboxWelcomes || waitingBytes > LIMITS.maxInboxBytes)
      return handleOf(tx, deviceId);
  }
  return undefined;
}

/** What has waited longest in an inbox. */
const selectOldest = prepared((tx, { deviceId }: { deviceId: string }) =>
  tx
    .selectFrom('inbox')
    .select(['sequence', 'preceding_bytes'])
    .where('device_id', '=', deviceId)
    .orderBy('sequence')
    .limit(1),
);

async function handleOf(tx: Db, deviceId: string): Promise<string> {
  const { handle } = await tx
    .selectFrom('devices')
    .select('handle')
    .where('device_id', '=', deviceId)
    .executeTakeFirstOrThrow();
  return handle;
}

/** Puts a Welcome into its joiners' inboxes: the shared part once, and into each inbox that joiner's own part. */
export async function deliverWelcome(
  tx: Db,
  { groupId, sequence: groupSequence, expiresOn }: Joining,
  { shared, joiners }: WelcomeParts,
): Promise<void> {
  const { welcome_id } = await tx
    .insertInto('welcomes')
    .values({
      group_id: groupId,
      group_sequence: groupSequence,
      shared: Buffer.from(shared),
      expires_on: expiresOn,
    })
    .returning('welcome_id')
    .executeTakeFirstOrThrow();
  // In one order for all, so that two Welcomes for the same devices do not wait for each other in a circle.
  const ordered = [...joiners].sort((a, b) => (a.deviceId < b.deviceId ? -1 : 1));
  for (const { deviceId, secrets } of ordered) {
    const added = shared.length + secrets.length;
    const { sequence, bytes } = await tx
      .insertInto('inbox_heads')
      .values({ device_id: deviceId, sequence: 1, bytes: added })
      .onConflict((conflict) =>
        conflict.column('device_id').doUpdateSet((eb) => ({
          sequence: eb('inbox_heads.sequence', '+', 1),
          bytes: eb('inbox_heads.bytes', '+', added),
        })),
      )
      .returning(['sequence', 'bytes'])
      .executeTakeFirstOrThrow();
    const entry = { device_id: deviceId, sequence, welcome_id, secrets: Buffer.from(secrets) };
    await tx
      .insertInto('inbox')
      .values({ ...entry, preceding_bytes: bytes - added })
      .execute();
  }
}
