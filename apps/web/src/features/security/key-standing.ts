import { toBase64Url } from '@quicprochat/protocol';
import type { Contacts, MemberSecurity } from '@quicprochat/sdk';

/**
 * What this device's person has made of the account key that a member uses: `changed` while another key of the same
 * handle waits for a decision, `rejected` if the member uses a key that was rejected.
 */
export type KeyStanding = 'verified' | 'unverified' | 'changed' | 'rejected';

export function keyStanding(member: MemberSecurity, contacts: Contacts): KeyStanding {
  const { handle, accountKey, own, verified } = member;
  if (verified) return 'verified';
  if (own) return 'unverified';
  if (contacts.hasChanged(handle)) return 'changed';
  // The id of a key is the key itself: without a key that waits, the one that this contact is known by.
  return contacts.keyId(handle) === toBase64Url(accountKey) ? 'unverified' : 'rejected';
}

/** From the one to show first. */
const GRAVITY: readonly KeyStanding[] = ['rejected', 'changed', 'unverified', 'verified'];

/** Returns a person's mark, by the worst of their devices. Undefined if they have no device. */
export function personStanding(
  handle: string,
  members: readonly MemberSecurity[],
  contacts: Contacts,
): KeyStanding | undefined {
  const standings = members
    .filter((member) => member.handle === handle)
    .map((member) => keyStanding(member, contacts));
  return GRAVITY.find((standing) => standings.includes(standing));
}
