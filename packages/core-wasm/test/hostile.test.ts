// What a relay can do to bytes on their way, through the wasm: one bit of every byte flipped, every truncation, a byte
// too many. Each is refused with a code of the closed list, and nothing is written. crates/core/tests/adversary.rs holds
// the same of the core itself; this holds it of the border. QPC_BITS=all flips every bit.
import { beforeAll, expect, test, vi } from 'vitest';
import type { GroupMember } from '../src/node.ts';
import { CoreClient, coreErrorCodes, initialize } from '../src/node.ts';

const SUITE = 0x0003;
const STORE_KEY = new Uint8Array(32).fill(9);
const GROUP_ID = new Uint8Array(16).fill(7);
const BITS = process.env['QPC_BITS'] === 'all' ? [0, 1, 2, 3, 4, 5, 6, 7] : undefined;

// Tens of thousands of calls, eight times as many with every bit.
vi.setConfig({ testTimeout: 300_000 });

beforeAll(() => initialize());

/** The one place that knows how an invitation travels: its parts, and joining with one of them exchanged. */
function invited() {
  const alice = CoreClient.create('alice', STORE_KEY);
  const bob = CoreClient.create('bob', STORE_KEY);
  const atAlice = alice.createGroup(GROUP_ID, SUITE, 1);
  const keyPackages = bob.generateKeyPackages(SUITE, 1, 0);
  const bundle = atAlice.addMembers(keyPackages, 1);
  atAlice.mergePendingCommit(1);
  const { shared, joiners } = bundle.welcome!;
  const parts = [joiners[0]!, shared];
  const join = (part = 0, bytes = parts[0]!): GroupMember => {
    const [joiner, all] = parts.map((own, index) => (index === part ? bytes : own));
    return bob.join(joiner!, all!, 1);
  };
  return { alice, bob, atAlice, keyPackage: keyPackages[0]!, parts, join };
}

/** Every change of one bit (one for each byte, if not all are asked for), every truncation, one byte more. */
function* changes(honest: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < honest.length; at++) {
    for (const bit of BITS ?? [at % 8]) {
      const changed = honest.slice();
      changed[at] = changed[at]! ^ (1 << bit);
      yield changed;
    }
    yield honest.slice(0, at);
  }
  yield Uint8Array.of(...honest, 0);
}

/** Checks that each change is refused with one of these codes, leaving no write behind. Gives how many there were. */
function allRefused(
  client: CoreClient,
  honest: Uint8Array,
  codes: string[],
  call: (bytes: Uint8Array) => unknown,
): number {
  client.takeWrites();
  let count = 0;
  for (const changed of changes(honest)) {
    let refusal: unknown;
    try {
      call(changed);
    } catch (error) {
      refusal = error;
    }
    expect(refusal).toMatchObject({ name: 'CoreError' });
    expect(codes).toContain((refusal as { code: string }).code);
    expect(client.takeWrites()).toEqual([]);
    count += 1;
  }
  return count;
}

test('no changed invitation is followed, and the honest one still is', () => {
  const { bob, parts, join } = invited();
  const codes = ['WIRE_DECODE', 'WELCOME_NOT_FOR_US', 'WELCOME_INVALID', 'UNSUPPORTED_CIPHERSUITE'];
  for (const [part, honest] of parts.entries()) {
    const count = allRefused(bob, honest, codes, (bytes) => join(part, bytes));
    expect(count).toBeGreaterThan(2 * honest.length);
  }
  expect(join().epoch()).toBe(1n);
});

test('no changed message, proposal or commit is taken, and the honest ones still are', () => {
  const { bob, atAlice, join } = invited();
  const atBob = join();
  const message = atAlice.encrypt(new TextEncoder().encode('intact'), 2);
  const proposal = atAlice.proposeUpdate();
  const { commit } = atAlice.selfUpdate(2);
  const codes = [
    ...['WIRE_DECODE', 'WRONG_GROUP', 'EPOCH_AHEAD', 'EPOCH_TOO_OLD', 'DECRYPT_FAILED', 'GENERATION_TOO_FAR'],
    ...['REPLAYED', 'POLICY_REJECTED'],
  ];
  const before = atBob.epochAuthenticator();
  for (const honest of [message, proposal, commit]) {
    const count = allRefused(bob, honest, codes, (bytes) => atBob.process(bytes, 2));
    expect(count).toBeGreaterThan(2 * honest.length);
  }
  expect(atBob.epochAuthenticator()).toEqual(before);
  expect(atBob.hasPendingProposals()).toBe(false);
  expect([message, proposal, commit].map((honest) => atBob.process(honest, 2).kind)).toEqual([
    'application',
    'proposal',
    'commit',
  ]);
});

test('no changed key package is added, and the honest one still is', () => {
  const alice = CoreClient.create('alice', STORE_KEY);
  const keyPackage = CoreClient.create('bob', STORE_KEY).generateKeyPackages(SUITE, 1, 0)[0]!;
  const atAlice = alice.createGroup(GROUP_ID, SUITE, 1);
  const codes = ['KEYPACKAGE_INVALID', 'UNSUPPORTED_CIPHERSUITE'];
  allRefused(alice, keyPackage, codes, (bytes) => atAlice.addMembers([bytes], 1));
  expect(atAlice.addMembers([keyPackage], 1).epoch).toBe(0n);
});

test('the codes that are expected here are of the closed list', () => {
  expect(coreErrorCodes()).toEqual(
    expect.arrayContaining(['WELCOME_INVALID', 'KEYPACKAGE_INVALID', 'REPLAYED']),
  );
});
