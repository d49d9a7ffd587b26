/** Reading a ts-mls state: who is where in the tree, and who sent a message. */
import type { CiphersuiteImpl, ClientState, LeafNode, PrivateMessage, RatchetTree } from 'ts-mls';
import { decryptSenderData } from 'ts-mls/privateMessage.js';
import { verifiedHandle } from './chain.ts';

export function memberHandles(state: ClientState): string[] {
  return leaves(state.ratchetTree).map(({ leaf }) => handleOf(leaf));
}

export function leafIndexOf(state: ClientState, handle: string): number {
  const found = leaves(state.ratchetTree).find(({ leaf }) => handleOf(leaf) === handle);
  if (found === undefined) throw new Error(`${handle} is not a member`);
  return found.leafIndex;
}

export function ownLeaf(state: ClientState): { leaf: LeafNode; leafIndex: number } {
  const { leafIndex } = state.privatePath;
  return { leaf: leafAt(state.ratchetTree, leafIndex), leafIndex };
}

/** Who sent a message: ts-mls checks its signature by this leaf, but does not say which one it was. */
export async function senderHandle(
  state: ClientState,
  message: PrivateMessage,
  suite: CiphersuiteImpl,
): Promise<string> {
  const past = state.historicalReceiverData.get(message.epoch);
  const secret = past?.senderDataSecret ?? state.keySchedule.senderDataSecret;
  const sender = await decryptSenderData(message, secret, suite);
  if (sender === undefined) throw new Error('no sender data');
  return handleOf(leafAt(past?.ratchetTree ?? state.ratchetTree, sender.leafIndex));
}

function leaves(tree: RatchetTree): { leaf: LeafNode; leafIndex: number }[] {
  return tree.flatMap((node, index) =>
    node?.nodeType === 'leaf' ? [{ leaf: node.leaf, leafIndex: index / 2 }] : [],
  );
}

function leafAt(tree: RatchetTree, leafIndex: number): LeafNode {
  const node = tree[leafIndex * 2];
  if (node?.nodeType !== 'leaf') throw new Error(`leaf ${leafIndex} is blank`);
  return node.leaf;
}

function handleOf(leaf: LeafNode): string {
  if (leaf.credential.credentialType !== 'basic') throw new Error('a leaf without a chain');
  const handle = verifiedHandle(leaf.credential.identity, leaf.signaturePublicKey);
  if (handle === undefined) throw new Error('a chain that does not hold is in the tree');
  return handle;
}
