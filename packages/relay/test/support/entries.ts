import { randomBytes } from 'node:crypto';
import type { WelcomeParts } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import type { NewWrite } from '../../src/store/append.ts';
import type { NewCommit } from '../../src/store/append-commit.ts';
import { appendMessages, type WrittenMessages } from '../../src/store/append-messages.ts';
import type { Db } from '../../src/store/schema.ts';

/** Stores a message in a group's first log, as the relay does for a call that was proven. */
export async function appendMessage(
  db: Db,
  groupId: string,
  { id = newId(), payload = randomBytes(20), epoch = 0, accessKey }: NewMessage = {},
): Promise<WrittenMessages> {
  const entries = [{ id, message: payload }];
  const key = accessKey ?? (await keyOf(db, groupId, epoch));
  return appendMessages(db, { groupId, accessKey: key, admit: newOnce, epoch, entries });
}

async function keyOf(db: Db, logId: string, epoch: number): Promise<Buffer> {
  const key = db.selectFrom('epochs').select('access_key').where('log_id', '=', logId);
  return (await key.where('epoch', '=', epoch).executeTakeFirstOrThrow()).access_key;
}

interface NewMessage {
  /** Read from the store unless it is given. */
  accessKey?: Uint8Array;
  id?: string;
  payload?: Uint8Array;
  epoch?: number;
}

/** A commit that ends the first epoch. Its Welcome stays for longer than any test runs. */
export function newCommit(groupId: string, welcome: WelcomeParts | null = null): NewCommit {
  const entry = { id: newId(), payload: randomBytes(20), candidate: 0 };
  const bundle = { nextAccessKey: randomBytes(32), welcome, welcomeExpiresOn: 1_000_000 };
  return { ...newWrite(groupId), ...entry, ...bundle };
}

function newWrite(groupId: string): NewWrite {
  return { once: newOnce(), groupId, logId: groupId, epoch: 0 };
}

/** What uses a proof up that nobody else has. */
export function newOnce() {
  return { nonces: [randomBytes(16)], forgottenAtMs: Date.now() + 60_000 };
}
