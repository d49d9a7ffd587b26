import { randomBytes } from 'node:crypto';
import type { WelcomeParts } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import type { NewCommit, NewMessage } from '../../src/store/append.ts';

/** A message for a group's first log, as the store takes it from a call that was proven. */
export function newMessage(groupId: string, more: Partial<NewMessage> = {}): NewMessage {
  const entry = { groupId, logId: groupId, epoch: 0, id: newId(), payload: randomBytes(20) };
  return { once: newOnce(), ...entry, ...more };
}

/** A commit that ends the first epoch. Its Welcome stays for longer than any test runs. */
export function newCommit(groupId: string, welcome: WelcomeParts | null = null): NewCommit {
  const bundle = { candidate: 0, nextAccessKey: randomBytes(32), welcome, welcomeExpiresOn: 1_000_000 };
  return { ...newMessage(groupId), ...bundle };
}

/** What uses a proof up that nobody else has. */
export function newOnce() {
  return { nonces: [randomBytes(16)], forgottenAtMs: Date.now() + 60_000 };
}
