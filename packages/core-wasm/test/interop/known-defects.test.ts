/**
 * Where ts-mls 1.6.4 departs from RFC 9420, and how the other tests go around it. Each of these tests fails once ts-mls
 * is right: then its detour goes.
 */
import { createHmac } from 'node:crypto';
import type { RatchetTree } from 'ts-mls';
import { emptyPskIndex, processPrivateMessage } from 'ts-mls';
import { getCommitSecret } from 'ts-mls/pathSecrets.js';
import { toNodeIndex } from 'ts-mls/treemath.js';
import { beforeAll, expect, test } from 'vitest';
import { initialize } from '../../src/node.ts';
import { Group } from './group.ts';
import { OurPeer } from './ours.ts';
import { SUITES, type Peer, type SuiteNumber } from './peer.ts';
import { decode } from './ts-mls-forms.ts';
import { UNMERGED_LEAVES_REFUSED, hasValidUnmergedLeaves, joinAsIs, openWelcome } from './ts-mls-join.ts';
import { TsMlsPeer } from './ts-mls.ts';

beforeAll(() => initialize());

const ours = (name: string, suite: SuiteNumber) => new OurPeer(name, suite);
const theirs = (name: string, suite: SuiteNumber) => TsMlsPeer.create(name, suite);

/**
 * RFC 9420 §12.4.1: the commit secret is path_secret[n+1], one step after the last path secret of the UpdatePath, which
 * has none for nodes that are not on the filtered direct path. ts-mls steps on to the root even if that is not.
 * Detour: scripts never empty the left half of the tree (Seats.hasLeftHalf).
 */
test.each(SUITES)(
  'suite %i: with the left half of the tree empty, commits do not cross over',
  async (suite) => {
    for (const committer of ['ours', 'ts-mls']) {
      const [left, alice, bob] = [ours('left', suite), ours('alice', suite), await theirs('bob', suite)];
      const group = await Group.of(left, ours('left-2', suite), alice, bob);
      const leftHalf = group.members.slice(0, 2);
      const by: Peer = committer === 'ours' ? alice : bob;
      const taken = group.commit(by, { remove: leftHalf });
      if (committer === 'ours') await expect(taken).rejects.toThrow('Could not verify confirmation tag');
      else await expect(taken).rejects.toMatchObject({ name: 'CoreError', code: 'INVALID_COMMIT' });
    }
  },
);

test('the commit secret of ts-mls is a step too far then', async () => {
  const { suite } = await theirs('any', 0x0001);
  const leaf = { nodeType: 'leaf' } as unknown as RatchetTree[number];
  const parent = { nodeType: 'parent' } as unknown as RatchetTree[number];
  // Leaves 2 and 3 and their parent; the left half and the root are blank.
  const tree: RatchetTree = [undefined, undefined, undefined, undefined, leaf, parent, leaf];
  const lastPathSecret = new Uint8Array(32).fill(1);
  const secret = await getCommitSecret(tree, toNodeIndex(5), lastPathSecret, suite.kdf);
  const right = deriveSecret(lastPathSecret, 'path');
  expect(hex(secret)).not.toBe(hex(right));
  expect(hex(secret)).toBe(hex(deriveSecret(right, 'path')));
});

/**
 * RFC 9420 §12.4.3.1: the nodes *between* an unmerged leaf and a parent that lists it must list it too. ts-mls wants all
 * parents above the leaf to have the same list. Detour: ts-mls-join.ts.
 */
test.each(SUITES)('suite %i: ts-mls refuses valid trees with unmerged leaves', async (suite) => {
  const [alice, dora] = [ours('alice', suite), ours('dora', suite)];
  const [bob, carol] = [await theirs('bob', suite), await theirs('carol', suite)];
  const group = await Group.of(alice, bob, carol, ours('passer-by', suite), dora);
  await group.commit(alice, { remove: [group.members[3]!] });
  // Dora, on leaf 4, adds Eve on leaf 3: unmerged in the left half's top, known to the root, which Dora's path renews.
  const eve = await theirs('eve', suite);
  const { invitations } = await group.commitUnjoined(dora, { add: [eve] });
  const { ratchetTree } = bob.state;
  expect(unmergedLeavesAt(ratchetTree, 3)).toEqual([3]);
  expect(unmergedLeavesAt(ratchetTree, 7)).toEqual([]);
  expect(hasValidUnmergedLeaves(ratchetTree)).toBe(true);
  const request = await eve.invited(invitations[0]!);
  await expect(joinAsIs(request, await openWelcome(request))).rejects.toThrow(UNMERGED_LEAVES_REFUSED);
  await eve.join(invitations[0]!);
  expect(eve.hasJoinedByParts).toBe(true);
  group.members.push(eve);
  await group.commit(eve);
  expect(group.views).toBe(1);
});

/** Detour: TsMlsPeer looks for its own leaf among the removals that a commit commits. */
test.each(SUITES)(
  'suite %i: ts-mls does not notice its removal if its leaf is taken again',
  async (suite) => {
    const [alice, bob, carol] = [
      ours('alice', suite),
      await theirs('bob', suite),
      await theirs('carol', suite),
    ];
    const group = await Group.of(alice, bob, carol);
    const { state, suite: implementation } = carol;
    const { commit } = await group.commitUnjoined(bob, {
      add: [await theirs('dora', suite)],
      remove: [carol],
    });
    const { privateMessage } = decode(commit, 'mls_private_message');
    const noticed = processPrivateMessage(state, privateMessage, emptyPskIndex, implementation);
    await expect(noticed).rejects.toThrow('No overlap between provided private keys and update path');
    expect(carol.isMember()).toBe(false);
  },
);

/** RFC 9420 §8: DeriveSecret, of one block. */
function deriveSecret(secret: Uint8Array, label: string): Uint8Array {
  const full = Buffer.from(`MLS 1.0 ${label}`);
  const info = Buffer.concat([Uint8Array.of(0, 32, full.length), full, Uint8Array.of(0)]);
  return createHmac('sha256', secret).update(info).update(Uint8Array.of(1)).digest();
}

function unmergedLeavesAt(tree: RatchetTree, index: number): number[] | undefined {
  const node = tree[index];
  return node?.nodeType === 'parent' ? node.parent.unmergedLeaves : undefined;
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
