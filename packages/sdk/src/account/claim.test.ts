import {
  claimKeyPackagesInputSchema,
  toBase64Url,
  type CipherSuite,
  type DeviceId,
} from '@quicprochat/protocol';
import { hex } from '@scure/base';
import { expect, test } from 'vitest';
import type { Relay } from '../transport/relay.ts';
import { claim } from './claim.ts';
import type { Ledger } from '../state/ledger.ts';
import { contacts, type ClaimedKeyPackage, type ContactRow, type Table } from '../state/rows.ts';

const SUITE: CipherSuite = 0x004f;

/** A key package that says in plain text whose it is. */
function keyPackageOf(handle: string, device: number): ClaimedKeyPackage {
  const deviceId = device.toString(16).padStart(32, '0') as DeviceId;
  const text = JSON.stringify({ handle, deviceId, accountKey: `key of ${handle}` });
  return { handle, deviceId, keyPackage: toBase64Url(new TextEncoder().encode(text)) };
}

/** Claims from a relay that knows everyone, with so many devices each, and refuses what its limits refuse. */
async function claimOf(handles: readonly string[], { devices = 1, failing = Infinity } = {}) {
  const parts: number[] = [];
  const learned: string[] = [];
  let next = 0;
  const relay = {
    claimKeyPackages: async (suite: CipherSuite, part: string[]) => {
      claimKeyPackagesInputSchema.parse({ suite, handles: part });
      parts.push(part.length);
      if (parts.length === failing) throw new TypeError('the network is gone');
      return {
        devices: part.flatMap((handle) =>
          Array.from({ length: devices }, () => keyPackageOf(handle, ++next)),
        ),
      };
    },
  };
  const tx = {
    row: () => undefined,
    put: (table: Table<ContactRow>, handle: string) => {
      expect(table).toBe(contacts);
      learned.push(handle);
    },
    inspectKeyPackage: async (keyPackage: Uint8Array) => {
      const owner = JSON.parse(new TextDecoder().decode(keyPackage)) as Record<string, string>;
      return {
        handle: owner['handle'],
        deviceId: hex.decode(owner['deviceId'] ?? ''),
        accountKey: new TextEncoder().encode(owner['accountKey']),
      };
    },
  };
  const ledger = { transact: (work: (fake: typeof tx) => Promise<unknown>) => work(tx) };
  const claimed = claim(ledger as unknown as Ledger, { device: relay } as unknown as Relay, {
    suite: SUITE,
    handles,
  });
  const outcome = await claimed.catch((error: unknown) => error);
  return { outcome, parts, learned };
}

const people = (count: number) => Array.from({ length: count }, (_, i) => `person-${i}`);

test('claims more handles than one claim can carry in parts', async () => {
  const { outcome, parts, learned } = await claimOf(people(250));
  expect(parts).toEqual([100, 100, 50]);
  expect((outcome as ClaimedKeyPackage[]).map(({ handle }) => handle)).toEqual(people(250));
  expect(learned).toEqual(people(250));
});

test('learns nothing and gives nothing if a later part of a claim fails', async () => {
  const { outcome, parts, learned } = await claimOf(people(250), { failing: 2 });
  expect(outcome).toEqual(new TypeError('the network is gone'));
  expect(parts).toEqual([100, 100]);
  expect(learned).toEqual([]);
});

test('refuses more people than one commit can add before it claims anything', async () => {
  const { outcome, parts } = await claimOf(people(1_001));
  expect(outcome).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(parts).toEqual([]);
});

test('refuses more devices than one commit can add, and learns nothing', async () => {
  const { outcome, learned } = await claimOf(people(201), { devices: 5 });
  expect(outcome).toMatchObject({ code: 'INVALID_ARGUMENT' });
  expect(learned).toEqual([]);
});
