import { randomBytes } from 'node:crypto';
import type { WelcomeParts } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import type { NewWrite } from '../../src/store/append.ts';
import type { NewCommit } from '../../src/store/append-commit.ts';
import type { NewMessages } from '../../src/store/append-messages.ts';

/** A batch of one message for a group's first log, as the store takes it from a call that was proven. */
export function newMessage(
  groupId: string,
  { id = newId(), payload = randomBytes(20), ...more }: NewMessage = {},
): NewMessages {
  return { ...newWrite(groupId), ...more, entries: [{ id, message: payload }] };
}

type NewMessage = Partial<NewWrite> & { id?: string; payload?: Uint8Array };

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
