import type { WelcomeParts } from '@quicprochat/protocol';
import type { Db } from './schema.ts';

/** A device that a Welcome is for is not known. */
export class UnknownJoiner extends Error {}

/** The commit that a Welcome belongs to. */
interface Joining {
  groupId: string;
  sequence: number;
  /** The day on which the Welcome goes, see `expiryDay`. */
  expiresOn: number;
}

/**
 * Puts a Welcome into its joiners' inboxes: the shared part once, and into each inbox that joiner's own part.
 *
 * @throws {UnknownJoiner}
 */
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
    const known = await tx
      .selectFrom('devices')
      .select('device_id')
      .where('device_id', '=', deviceId)
      .executeTakeFirst();
    if (known === undefined) throw new UnknownJoiner();
    const { sequence } = await tx
      .insertInto('inbox_heads')
      .values({ device_id: deviceId, sequence: 1 })
      .onConflict((conflict) =>
        conflict.column('device_id').doUpdateSet((eb) => ({ sequence: eb('inbox_heads.sequence', '+', 1) })),
      )
      .returning('sequence')
      .executeTakeFirstOrThrow();
    await tx
      .insertInto('inbox')
      .values({ device_id: deviceId, sequence, welcome_id, secrets: Buffer.from(secrets) })
      .execute();
  }
}
