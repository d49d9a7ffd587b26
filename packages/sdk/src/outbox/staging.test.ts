import { LIMITS, toBase64Url, type DeviceId, type EntryId, type GroupId } from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { expect, test } from 'vitest';
import type { GroupState } from '../worker/protocol.ts';
import type { ClaimedKeyPackage, ContactRow, OutboxRow } from '../state/rows.ts';
import { stage } from './staging.ts';
import type { Transaction } from '../state/transaction.ts';

interface Owner {
  handle: string;
  deviceId: string;
  accountKey: Uint8Array;
}

const [BOBS_KEY, ANOTHER_KEY] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];

function device(n: number): DeviceId {
  return n.toString(16).padStart(32, '0') as DeviceId;
}

/** Stages the addition of what was claimed, when Bob's key is known, and the core says this of the key packages. */
async function stageAdd(
  claimed: readonly (Owner & { says?: Partial<Owner> })[],
  bundle: object = { commit: new Uint8Array(1) },
) {
  const calls: string[] = [];
  const tx = {
    row: (): ContactRow => ({ handle: 'bob', accountKey: toBase64Url(BOBS_KEY), verified: false }),
    put: () => undefined,
    inspectKeyPackage: async (keyPackage: Uint8Array) => {
      const one = claimed[keyPackage[0] ?? 0]!;
      const { handle, deviceId, accountKey } = { ...one, ...one.says };
      return { handle, deviceId: hex.decode(deviceId), accountKey };
    },
    callGroup: async (_id: string, name: string) => {
      calls.push(name);
      return bundle;
    },
  };
  const row: OutboxRow = {
    kind: 'commit',
    conversationId: 'a group' as GroupId,
    id: 'an entry' as EntryId,
    order: '1-000000000001',
    conflicts: 0,
    intent: {
      type: 'add',
      claimed: claimed.map(({ handle, deviceId }, i): ClaimedKeyPackage => ({
        handle,
        deviceId: deviceId as DeviceId,
        keyPackage: toBase64Url(new Uint8Array([i])),
      })),
    },
  };
  const group = { members: [], suite: 0x004f } as unknown as GroupState;
  const staged = await stage(tx as unknown as Transaction, row, group).catch((error: unknown) => error);
  return { staged, calls };
}

const bob = { handle: 'bob', deviceId: device(1), accountKey: BOBS_KEY };

test('stages the addition of devices of one account', async () => {
  const { staged, calls } = await stageAdd([bob, { ...bob, deviceId: device(2) }]);
  expect(staged).toMatchObject({ added: [device(1), device(2)] });
  expect(calls).toEqual(['group.add']);
});

test.each([
  ['belongs to another handle', [bob, { ...bob, deviceId: device(2), says: { handle: 'mallory' } }]],
  ['belongs to another device', [{ ...bob, says: { deviceId: device(9) } }]],
  ['comes twice', [bob, bob]],
  ['belongs to a second account', [bob, { ...bob, deviceId: device(2), accountKey: ANOTHER_KEY }]],
])('stages nothing if one of the claimed key packages %s', async (_, claimed) => {
  const { staged, calls } = await stageAdd(claimed);
  expect(staged).toMatchObject({ code: 'RELAY_MISBEHAVED', details: { handle: 'bob' } });
  expect(calls).toEqual([]);
});

test('stages nothing if the account key is not the one that is known', async () => {
  const { staged, calls } = await stageAdd([{ ...bob, accountKey: ANOTHER_KEY }]);
  expect(staged).toMatchObject({ code: 'IDENTITY_CHANGED' });
  expect(calls).toEqual([]);
});

const KIB = 1024;
const bytes = (length: number) => new Uint8Array(length);

test.each([
  ['a commit', { commit: bytes(LIMITS.maxCommitBytes + 1) }],
  [
    'a ratchet tree',
    { commit: bytes(1), welcome: { shared: bytes(LIMITS.maxSharedWelcomeBytes + 1), joiners: [bytes(1)] } },
  ],
  [
    'the secrets of a joiner',
    { commit: bytes(1), welcome: { shared: bytes(1), joiners: [bytes(LIMITS.maxJoinerSecretsBytes + 1)] } },
  ],
  [
    'all of it together',
    {
      commit: bytes(LIMITS.maxCommitBytes),
      welcome: {
        shared: bytes(LIMITS.maxSharedWelcomeBytes),
        joiners: Array.from({ length: 1_000 }, () => bytes(3 * KIB)),
      },
    },
  ],
])('stages nothing if %s would be larger than a relay takes', async (_, bundle) => {
  const { staged } = await stageAdd([bob], bundle);
  // Its code alone: printing megabytes would take a failing test minutes.
  expect((staged as { code?: unknown }).code).toBe('GROUP_TOO_LARGE');
});

test('stages the largest group that limits were made for', async () => {
  const welcome = { shared: bytes(2_900_000), joiners: Array.from({ length: 1_000 }, () => bytes(1_229)) };
  const { staged } = await stageAdd([bob], { commit: bytes(3_000_000), welcome });
  expect(staged).toMatchObject({ added: [bob.deviceId] });
});
