import { describe, expect, test } from 'vitest';
import { toBase64Url } from '@quicprochat/protocol';
import type { Contacts, MemberSecurity } from '@quicprochat/sdk';
import { keyStanding, personStanding } from './key-standing.ts';

const KNOWN = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);

/** Bob as a contact: the key that he is known by, and whether another one waits for a decision. */
function contacts({ hasChanged = false } = {}): Contacts {
  const keyId = () => toBase64Url(hasChanged ? OTHER : KNOWN);
  return { keyId, hasChanged: () => hasChanged } as unknown as Contacts;
}

function device(accountKey: Uint8Array, { verified = false, own = false } = {}): MemberSecurity {
  return { handle: 'bob', deviceId: 'any', own, accountKey, keyAgeEpochs: 0, keyAgeMs: 0, verified };
}

describe('keyStanding', () => {
  test('goes by the key that the member uses, whatever was made of the handle', () => {
    expect(keyStanding(device(KNOWN), contacts())).toBe('unverified');
    expect(keyStanding(device(KNOWN, { verified: true }), contacts({ hasChanged: true }))).toBe('verified');
    expect(keyStanding(device(OTHER), contacts({ hasChanged: true }))).toBe('changed');
    expect(keyStanding(device(OTHER), contacts())).toBe('rejected');
    expect(keyStanding(device(OTHER, { own: true }), contacts())).toBe('unverified');
  });
});

describe('personStanding', () => {
  test('is that of the worst device', () => {
    const good = device(KNOWN, { verified: true });
    expect(personStanding('bob', [good, good], contacts())).toBe('verified');
    expect(personStanding('bob', [good, device(KNOWN)], contacts())).toBe('unverified');
    expect(personStanding('bob', [good, device(OTHER)], contacts())).toBe('rejected');
    expect(personStanding('carol', [good], contacts())).toBeUndefined();
  });
});
