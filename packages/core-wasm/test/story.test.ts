import { beforeAll, expect, test } from 'vitest';
import {
  CoreClient,
  GroupMember,
  coreErrorCodes,
  groupOfRecord,
  initialize,
  versions,
  type Received,
  type StoreRecord,
  type StoreWrite,
} from '../src/node.ts';

const SUITES = [0x0001, 0x0003, 0x004e, 0x004f];
const STORE_KEY = new Uint8Array(32).fill(9);
const GROUP_ID = new Uint8Array(16).fill(7);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (words: string) => new TextEncoder().encode(words);

beforeAll(() => initialize());

/** The code of what a call throws. */
function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'CoreError' });
    return (error as { code: string }).code;
  }
  throw new Error('the call did not throw');
}

function kind<K extends Received['kind']>(received: Received, expected: K): Extract<Received, { kind: K }> {
  expect(received.kind).toBe(expected);
  return received as Extract<Received, { kind: K }>;
}

/** Two clients in one group of two. */
function pair(suite: number) {
  const alice = CoreClient.create('alice', STORE_KEY);
  const bob = CoreClient.create('bob', STORE_KEY);
  const atAlice = alice.createGroup(GROUP_ID, suite, 1_000);
  const bundle = atAlice.addMembers(bob.generateKeyPackages(suite, 1, 1_000), 1_001);
  atAlice.mergePendingCommit(1_002);
  const atBob = bob.join(bundle.welcome!.joiners[0]!, bundle.welcome!.shared, 1_003);
  return { alice, bob, atAlice, atBob, bundle };
}

/** Keeps what a client writes, as an adapter would. */
class Records {
  readonly #records = new Map<string, StoreRecord>();

  apply(writes: StoreWrite[]): this {
    for (const { key, value } of writes) {
      const name = Buffer.from(key).toString('hex');
      if (value === undefined) this.#records.delete(name);
      else this.#records.set(name, { key, value });
    }
    return this;
  }

  /** Those of the client itself, or of a group. */
  of(groupId?: Uint8Array): StoreRecord[] {
    const scope = groupId?.toString();
    return [...this.#records.values()].filter(({ key }) => groupOfRecord(key)?.toString() === scope);
  }
}

test.each(SUITES)('suite %i: create, add, talk, heal, remove', (suite) => {
  const { alice, bob, atAlice, atBob, bundle } = pair(suite);
  expect(bundle.epoch).toBe(0n);
  expect(atBob.epochAuthenticator()).toEqual(atAlice.epochAuthenticator());
  expect(atBob.accessKey()).toEqual(bundle.nextAccessKey);
  expect(atAlice.suite()).toBe(suite);
  expect(atAlice.members().map((member) => [member.handle, member.own])).toEqual([
    ['alice', true],
    ['bob', false],
  ]);

  const heard = kind(atBob.process(atAlice.encrypt(bytes('hello'), 2_000), 2_001), 'application');
  expect([text(heard.plaintext), heard.sender.handle, heard.epoch]).toEqual(['hello', 'alice', 1n]);
  expect(heard.sender.accountKey).toEqual(alice.accountKey());

  const update = atBob.selfUpdate(3_000);
  const seen = kind(atAlice.process(update.commit, 3_001), 'commit');
  expect(seen.updated.map((member) => member.handle)).toEqual(['bob']);
  atAlice.mergeStagedCommit(3_002);
  kind(atBob.process(update.commit, 3_003), 'own-commit');
  atBob.mergePendingCommit(3_004);
  expect(atBob.epochAuthenticator()).toEqual(atAlice.epochAuthenticator());
  expect([atBob.lastHealedEpoch, atBob.lastHealedAtMs]).toEqual([2n, 3_004]);

  const removal = atAlice.removeMembers(Uint32Array.of(1), 4_000);
  expect(removal.welcome).toBeUndefined();
  expect(kind(atBob.process(removal.commit, 4_001), 'commit').selfRemoved).toBe(true);
  atBob.mergeStagedCommit(4_002);
  expect(atBob.isActive()).toBe(false);
  expect(codeOf(() => atBob.encrypt(bytes('still here'), 4_003))).toBe('REMOVED_FROM_GROUP');
  expect(alice.safetyNumber('bob', bob.accountKey())).toBe(bob.safetyNumber('alice', alice.accountKey()));
});

test('a store reopens where it was left', () => {
  const { alice, bob, atAlice, atBob } = pair(0x0003);
  const records = new Records().apply(bob.takeWrites());
  atBob.process(atAlice.encrypt(bytes('one'), 1), 1);
  records.apply(bob.takeWrites());
  const again = CoreClient.open(STORE_KEY, records.of()).loadGroup(GROUP_ID, records.of(GROUP_ID));
  expect(text(kind(again.process(atAlice.encrypt(bytes('two'), 2), 2), 'application').plaintext)).toBe('two');
  expect(alice.groupIds()).toEqual([GROUP_ID]);
  alice.deleteGroup(GROUP_ID);
  expect(alice.groupIds()).toEqual([]);
  expect(codeOf(() => atAlice.epoch())).toBe('GROUP_NOT_FOUND');
});

test('a proposal of leaving is committed by another', () => {
  const { atAlice, atBob } = pair(0x0001);
  const proposal = kind(atAlice.process(atBob.leave(), 1), 'proposal');
  expect([proposal.proposal, proposal.removed?.handle]).toEqual(['remove', 'bob']);
  expect(codeOf(() => atAlice.encrypt(bytes('x'), 1))).toBe('PENDING_PROPOSALS');
  atAlice.commitPendingProposals(2);
  atAlice.mergePendingCommit(3);
  expect(atAlice.members()).toHaveLength(1);
});

test('a pre-shared key is mixed in, and who lacks it is told', () => {
  const { alice, bob, atAlice, atBob } = pair(0x0003);
  const [id, secret] = [bytes('once'), new Uint8Array(32).fill(7)];
  expect(codeOf(() => atAlice.commitPsks([id], [], 2))).toBe('PSK_MISSING');
  alice.storePsk(id, secret);
  const { commit } = atAlice.commitPsks([id], [], 2);
  atAlice.mergePendingCommit(3);
  expect(codeOf(() => atBob.process(commit, 3))).toBe('PSK_MISSING');
  bob.storePsk(id, secret);
  expect(kind(atBob.process(commit, 3), 'commit').psks).toEqual([id]);
  atBob.mergeStagedCommit(4);
  expect(atBob.epochAuthenticator()).toEqual(atAlice.epochAuthenticator());
  bob.forgetPsk(id);
  expect(codeOf(() => atBob.commitPsks([id], [], 5))).toBe('PSK_MISSING');
  expect(codeOf(() => bob.storePsk(id, bytes('too short')))).toBe('BAD_INPUT');
});

test('the update policy is heard', () => {
  const { alice, atAlice } = pair(0x0001);
  alice.setUpdatePolicy(1, 1_000_000, 2_000_000);
  const healedAtMs = atAlice.lastHealedAtMs;
  const mustAtMs = healedAtMs + 2_000_000;
  const never = undefined;
  expect(atAlice.times()).toEqual({
    updateDueAtMs: mustAtMs,
    updateMustAtMs: mustAtMs,
    commitDueAtMs: never,
  });
  atAlice.encrypt(bytes('x'), 1_002);
  expect(atAlice.times()).toEqual({ updateDueAtMs: 0, updateMustAtMs: mustAtMs, commitDueAtMs: never });
  expect(codeOf(() => atAlice.encrypt(bytes('x'), 9_000_000))).toBe('HEALING_OVERDUE');
});

test('errors have a name, a code of the closed list, and no input in their message', () => {
  const { atBob } = pair(0x0001);
  const codes = coreErrorCodes();
  expect(new Set(codes).size).toBe(codes.length);
  const garbage = bytes('canary-4711');
  for (const call of [
    () => atBob.process(garbage, 1),
    () => CoreClient.create('', STORE_KEY),
    () => CoreClient.create('x', garbage),
    () => CoreClient.open(garbage, []),
    () => CoreClient.open(STORE_KEY, [{ key: garbage, value: garbage }]),
    () => CoreClient.create('x', STORE_KEY).createGroup(garbage, 1, 1),
    () => CoreClient.create('x', STORE_KEY).generateKeyPackages(0x0002, 1, 0),
  ]) {
    expect(codes).toContain(codeOf(call));
    expect(call).toThrow(expect.not.objectContaining({ message: expect.stringContaining('canary') }));
  }
});

test('handles are instances of the exported classes and can be freed', () => {
  const client = CoreClient.create('alice', STORE_KEY);
  const group = client.createGroup(GROUP_ID, 1, 1);
  expect(client).toBeInstanceOf(CoreClient);
  expect(group).toBeInstanceOf(GroupMember);
  group.free();
  client.free();
  expect(() => client.deviceId()).toThrow();
});

test('versions are those of the manifests', () => {
  expect(versions()).toEqual({ core: '0.1.0', openmls: '0.9.2' });
});
