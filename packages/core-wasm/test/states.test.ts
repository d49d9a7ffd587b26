import { beforeAll, expect, test } from 'vitest';
import { CoreClient, GroupMember, initialize, type CommitBundle, type GroupStatus } from '../src/node.ts';

/** What a broken group says and how it goes on, through the border; the cases themselves are crates/core's. */

const SUITE = 0x0003;
const STORE_KEY = new Uint8Array(32).fill(9);
const GROUP_ID = new Uint8Array(16).fill(7);
const NEW_ID = new Uint8Array(16).fill(8);

beforeAll(() => initialize());

function codeOf(call: () => unknown): string {
  try {
    call();
  } catch (error) {
    return (error as { code: string }).code;
  }
  throw new Error('the call did not throw');
}

function join(client: CoreClient, { welcome }: CommitBundle, index = 0): GroupMember {
  return client.join(welcome!.joiners[index]!, welcome!.shared, 3);
}

function keyPackage(client: CoreClient): Uint8Array {
  return client.generateKeyPackages(SUITE, 1, 0)[0]!;
}

function pair() {
  const alice = CoreClient.create('alice', STORE_KEY);
  const bob = CoreClient.create('bob', STORE_KEY);
  const atAlice = alice.createGroup(GROUP_ID, SUITE, 1);
  const bundle = atAlice.addMembers([keyPackage(bob)], 1);
  atAlice.mergePendingCommit(1);
  return { alice, bob, atAlice, atBob: join(bob, bundle) };
}

/** Follows another member's commit. */
function follow(member: GroupMember, { commit }: CommitBundle): void {
  member.process(commit, 4);
  expect(member.status()).toEqual({ kind: 'commit-staged' });
  member.mergeStagedCommit(4);
}

test('a commit, a leave and a removal say what waits for what', () => {
  const { atAlice, atBob } = pair();
  expect(atAlice.status()).toEqual({ kind: 'active' });
  const update = atAlice.selfUpdate(2);
  expect(atAlice.status()).toEqual({ kind: 'commit-pending', epoch: 1n });
  atAlice.mergePendingCommit(2);
  follow(atBob, update);
  atAlice.process(atBob.leave(), 2);
  expect([atAlice.status(), atBob.status()]).toEqual<GroupStatus[]>([
    { kind: 'proposals-pending' },
    { kind: 'leaving' },
  ]);
  const commit = atAlice.commitPendingProposals(2);
  atAlice.mergePendingCommit(2);
  follow(atBob, commit);
  expect(atBob.status()).toEqual({ kind: 'removed' });
});

test('a deserted group is rebooted', () => {
  const { alice, bob, atAlice, atBob } = pair();
  const [ofAlice, ofBob] = [atAlice.leave(), atBob.leave()];
  atAlice.process(ofBob, 2);
  atBob.process(ofAlice, 2);
  expect(atAlice.status()).toEqual({ kind: 'deserted' });
  const { group, bundle } = alice.rebootGroup(GROUP_ID, NEW_ID, [keyPackage(bob)], 2);
  expect(group).toBeInstanceOf(GroupMember);
  group.mergePendingCommit(2);
  expect(join(bob, bundle).epochAuthenticator()).toEqual(group.epochAuthenticator());
});

test('who is stuck is re-added', () => {
  const { bob, atAlice, atBob } = pair();
  // A commit that Bob gave up, and that the relay took all the same.
  const lost = atBob.selfUpdate(2);
  atBob.clearPendingCommit();
  follow(atAlice, lost);
  atBob.markStuck(lost.commit, 2);
  expect(atBob.status()).toEqual({ kind: 'stuck', epoch: 1n, code: 'CANNOT_FOLLOW' });
  expect(codeOf(() => atBob.encrypt(new Uint8Array(1), 2))).toBe('GROUP_STUCK');
  const bundle = atAlice.readdMembers([keyPackage(bob)], 2);
  atAlice.mergePendingCommit(2);
  expect(join(bob, bundle).status()).toEqual({ kind: 'active' });
});

test('the first authenticator that crosses shows a fork', () => {
  const { bob, atAlice, atBob } = pair();
  for (const member of [atAlice, atBob]) {
    member.selfUpdate(2);
    member.mergePendingCommit(2);
  }
  const other = atBob.epochAuthenticator();
  expect([1n, 2n, 3n].map((epoch) => atAlice.agreesAt(epoch, other))).toEqual([
    'forked',
    'forked',
    'unknown',
  ]);
  expect(atAlice.agreesAt(2n, atAlice.epochAuthenticator())).toBe('agrees');
  atAlice.markForked(2n, other);
  atBob.markForked(2n, atAlice.epochAuthenticator());
  expect(atAlice.status()).toEqual({ kind: 'forked', epoch: 2n });
  const bundle = atAlice.readdMembers([keyPackage(bob)], 2);
  atAlice.mergePendingCommit(2);
  expect(join(bob, bundle).epochAuthenticator()).toEqual(atAlice.epochAuthenticator());
  expect(atAlice.status()).toEqual({ kind: 'active' });
});

test('a revocation crosses whole, and is refused when it is not whole', () => {
  const { alice, bob, atAlice } = pair();
  const [deviceId, deviceKey] = [new Uint8Array(16).fill(1), new Uint8Array(32).fill(2)];
  const statement = bob.revokeDevice(deviceId, deviceKey);
  const accountKey = bob.accountKey();
  expect(alice.acceptRevocation(statement)).toEqual({ handle: 'bob', accountKey, deviceId, deviceKey });
  expect(atAlice.revokedMembers()).toEqual([]);
  expect(codeOf(() => alice.acceptRevocation(statement.slice(1)))).toBe('WIRE_DECODE');
  const forged = statement.with(-1, statement.at(-1)! ^ 1);
  expect(codeOf(() => alice.acceptRevocation(forged))).toBe('CREDENTIAL_REJECTED');
  expect(codeOf(() => bob.revokeDevice(bob.deviceId(), bob.deviceKey()))).toBe('BAD_INPUT');
  expect(codeOf(() => bob.revokeDevice(deviceKey, deviceKey))).toBe('BAD_INPUT');
});
