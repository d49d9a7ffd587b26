/**
 * Joining with ts-mls 1.6.4, also where it refuses a tree that is valid: it wants all parents above an unmerged leaf to
 * list the same unmerged leaves, while RFC 9420 §12.4.3.1 wants the leaf listed by those between the leaf and a parent
 * that lists it. known-defects.test.ts shows one; there, every other check of ts-mls is made and its own parts are put
 * together to the state that it would have made.
 */
import {
  joinGroup,
  type CiphersuiteImpl,
  type ClientState,
  type GroupInfo,
  type KeySchedule,
  type PskIndex,
  type RatchetTree,
} from 'ts-mls';
import { validateRatchetTree } from 'ts-mls/clientState.js';
import { verifyGroupInfoConfirmationTag, verifyGroupInfoSignature } from 'ts-mls/groupInfo.js';
import type { GroupSecrets } from 'ts-mls/groupSecrets.js';
import { makeKeyPackageRef } from 'ts-mls/keyPackage.js';
import { deriveKeySchedule } from 'ts-mls/keySchedule.js';
import { verifyParentHashes } from 'ts-mls/parentHash.js';
import { pathToRoot } from 'ts-mls/pathSecrets.js';
import { mergePrivateKeyPaths, toPrivateKeyPath } from 'ts-mls/privateKeyPath.js';
import { accumulatePskSecret } from 'ts-mls/pskIndex.js';
import { findLeafIndex, getSignaturePublicKeyFromLeafIndex } from 'ts-mls/ratchetTree.js';
import { createSecretTree } from 'ts-mls/secretTree.js';
import { treeHashRoot } from 'ts-mls/treeHash.js';
import { directPath, leafToNodeIndex, leafWidth, toLeafIndex } from 'ts-mls/treemath.js';
import { firstCommonAncestor } from 'ts-mls/updatePath.js';
import { decryptGroupInfo, decryptGroupSecrets } from 'ts-mls/welcome.js';
import { CONFIG, type OwnKeyPackage } from './ts-mls-forms.ts';
import { openTree, type ReceivedWelcome } from './welcome.ts';

/** What ts-mls says to a tree with other unmerged leaves than it expects. */
export const UNMERGED_LEAVES_REFUSED =
  'non-blank intermediate node must list leaf node in its unmerged_leaves';

export interface Join {
  received: ReceivedWelcome;
  keyPackage: OwnKeyPackage;
  suite: CiphersuiteImpl;
  pskIndex: PskIndex;
}

/** What is inside a Welcome. */
interface Opened {
  secrets: GroupSecrets;
  /** What the PSKs of the Welcome come to. */
  pskSecret: Uint8Array;
  info: GroupInfo;
  tree: RatchetTree;
  keySchedule: KeySchedule;
  encryptionSecret: Uint8Array;
}

/** Says whether ts-mls alone would have refused. */
export async function join(request: Join): Promise<{ state: ClientState; isByParts: boolean }> {
  const opened = await openWelcome(request);
  try {
    return { state: await joinAsIs(request, opened), isByParts: false };
  } catch (error) {
    if (!(error instanceof Error && error.message === UNMERGED_LEAVES_REFUSED)) throw error;
    return { state: await joinByParts(request, opened), isByParts: true };
  }
}

/** What ts-mls makes of a Welcome. */
export function joinAsIs(
  { received, keyPackage, suite, pskIndex }: Join,
  { tree }: Pick<Opened, 'tree'>,
): Promise<ClientState> {
  const { publicPackage, privatePackage } = keyPackage;
  return joinGroup(received.welcome, publicPackage, privatePackage, pskIndex, suite, tree, undefined, CONFIG);
}

/** The epoch's exporter is known before the tree is, which is sealed with it. */
export async function openWelcome({ received, keyPackage, suite, pskIndex }: Join): Promise<Opened> {
  const { welcome } = received;
  const initKey = await suite.hpke.importPrivateKey(keyPackage.privatePackage.initPrivateKey);
  const reference = await makeKeyPackageRef(keyPackage.publicPackage, suite.hash);
  const secrets = must(await decryptGroupSecrets(initKey, reference, welcome, suite.hpke));
  const { joinerSecret } = secrets;
  const noPsk = new Uint8Array(suite.kdf.size);
  const [pskSecret] = await accumulatePskSecret(secrets.psks, pskIndex, suite, noPsk);
  const info = must(await decryptGroupInfo(welcome, joinerSecret, pskSecret, suite));
  const [keySchedule, encryptionSecret] = await deriveKeySchedule(
    joinerSecret,
    pskSecret,
    info.groupContext,
    suite.kdf,
  );
  const tree = await openTree(received, { exporterSecret: keySchedule.exporterSecret, suite });
  return { secrets, pskSecret, info, tree, keySchedule, encryptionSecret };
}

/** RFC 9420 §12.4.3.1, with its own rule for unmerged leaves. */
async function joinByParts(request: Join, opened: Opened): Promise<ClientState> {
  const { keyPackage, suite } = request;
  const { info, tree, keySchedule, encryptionSecret } = opened;
  await validateInfo(opened, suite);
  await validateTree(tree, info, suite);
  return {
    groupContext: info.groupContext,
    ratchetTree: tree,
    privatePath: await privatePathOf(request, opened),
    signaturePrivateKey: keyPackage.privatePackage.signaturePrivateKey,
    confirmationTag: info.confirmationTag,
    unappliedProposals: {},
    keySchedule,
    secretTree: await createSecretTree(leafWidth(tree.length), encryptionSecret, suite.kdf),
    historicalReceiverData: new Map(),
    groupActiveState: { kind: 'active' },
    clientConfig: CONFIG,
  };
}

/** The own leaf's key, and those from the node on that is shared with the committer. */
async function privatePathOf(
  { keyPackage, suite }: Join,
  { secrets, info, tree }: Opened,
): Promise<ClientState['privatePath']> {
  const own = must(findLeafIndex(tree, keyPackage.publicPackage.leafNode));
  const privateKeys = { [leafToNodeIndex(own)]: keyPackage.privatePackage.hpkePrivateKey };
  if (secrets.pathSecret === undefined) return { leafIndex: own, privateKeys };
  const shared = firstCommonAncestor(tree, own, toLeafIndex(info.signer));
  const path = await pathToRoot(tree, shared, secrets.pathSecret, suite.kdf);
  return mergePrivateKeyPaths(await toPrivateKeyPath(path, own, suite), { leafIndex: own, privateKeys });
}

async function validateInfo(
  { secrets, pskSecret, info, tree }: Opened,
  suite: CiphersuiteImpl,
): Promise<void> {
  const signerKey = getSignaturePublicKeyFromLeafIndex(tree, toLeafIndex(info.signer));
  require(await verifyGroupInfoSignature(info, signerKey, suite.signature), 'the group info is signed');
  const isConfirmed = await verifyGroupInfoConfirmationTag(info, secrets.joinerSecret, pskSecret, suite);
  require(isConfirmed, 'the epoch is confirmed');
}

async function validateTree(
  tree: RatchetTree,
  { groupContext }: GroupInfo,
  suite: CiphersuiteImpl,
): Promise<void> {
  // Signatures, chains and keys of the leaves, as ts-mls checks them: it does not get to what is said about parents.
  const leaves = tree.map((node) => (node?.nodeType === 'leaf' ? node : undefined));
  const { lifetimeConfig, authService } = CONFIG;
  const leavesHash = await treeHashRoot(leaves, suite.hash);
  const refusal = await validateRatchetTree(
    leaves,
    groupContext,
    lifetimeConfig,
    authService,
    leavesHash,
    suite,
  );
  if (refusal !== undefined) throw refusal;
  require(hasValidUnmergedLeaves(tree), 'unmerged leaves are listed as the RFC wants');
  require(await verifyParentHashes(tree, suite.hash), 'parent hashes hold');
  require(Buffer.from(await treeHashRoot(tree, suite.hash)).equals(
    groupContext.treeHash,
  ), 'the tree is the one of the group context');
}

/**
 * RFC 9420 §12.4.3.1: each entry is a non-blank leaf below the parent, and every non-blank node between the two lists it
 * too. Entries are in order (§7.1).
 */
export function hasValidUnmergedLeaves(tree: RatchetTree): boolean {
  const width = leafWidth(tree.length);
  return tree.every((node, index) => {
    if (node?.nodeType !== 'parent') return true;
    const { unmergedLeaves } = node.parent;
    return unmergedLeaves.every((entry, place) => {
      const leaf = leafToNodeIndex(toLeafIndex(entry));
      const above: number[] = directPath(leaf, width);
      const between = above.slice(0, above.indexOf(index));
      const isInOrder = place === 0 || unmergedLeaves[place - 1]! < entry;
      const lists = (between: number) => {
        const parent = tree[between];
        return parent?.nodeType !== 'parent' || parent.parent.unmergedLeaves.includes(entry);
      };
      return isInOrder && tree[leaf]?.nodeType === 'leaf' && above.includes(index) && between.every(lists);
    });
  });
}

function must<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('the Welcome lacks something');
  return value;
}

function require(isHeld: boolean, what: string): void {
  if (!isHeld) throw new Error(`not so: ${what}`);
}
