/** What ts-mls is told and given so that the core accepts it: suites, settings, leaves; and bytes to its objects. */
import {
  decodeMlsMessage,
  encodeMlsMessage,
  generateKeyPackageWithKey,
  type Capabilities,
  type CiphersuiteImpl,
  type ClientConfig,
  type ClientState,
  type Credential,
  type Extension,
  type KeyPackage,
  type LeafNodeUpdate,
  type MLSMessage,
  type PrivateKeyPackage,
} from 'ts-mls';
import { defaultClientConfig } from 'ts-mls/clientConfig.js';
import { signWithLabel } from 'ts-mls/crypto/signature.js';
import { encodeLeafNodeTBS } from 'ts-mls/leafNode.js';
import { createSigningKey, issue, verifiedHandle, type Identity, type SigningKey } from './chain.ts';
import { ownLeaf } from './ts-mls-state.ts';
import { SUITE_NAMES } from './ts-mls-suite.ts';

/**
 * What crates/core/src/group/rules.rs asks of every leaf: the suites, basic credentials, the last-resort mark (0x000a) and the
 * extension and proposal types of ours.
 */
const CAPABILITIES: Capabilities = {
  versions: ['mls10'],
  ciphersuites: Object.values(SUITE_NAMES),
  extensions: [0x000a, 0xf0c1, 0xf0c2],
  proposals: [0xf0c3, 0xf0c4],
  credentials: ['basic'],
};

/** What crates/core/src/group/rules.rs asks of every group's context: the version of the rules. */
export const GROUP_RULES: Extension = { extensionType: 0xf0c1, extensionData: Uint8Array.of(0, 1) };

/** The windows are the core's: two past epochs, 16 messages out of order, 1,000 ahead. */
export const CONFIG: ClientConfig = {
  ...defaultClientConfig,
  keyRetentionConfig: {
    retainKeysForEpochs: 2,
    retainKeysForGenerations: 16,
    maximumForwardRatchetSteps: 1_000,
  },
  authService: {
    validateCredential: async (credential, signatureKey) =>
      credential.credentialType === 'basic' &&
      verifiedHandle(credential.identity, signatureKey) !== undefined,
  },
};

/** A key package of ours, with its private keys. */
export interface OwnKeyPackage {
  publicPackage: KeyPackage;
  privatePackage: PrivateKeyPackage;
}

/** An update of the own leaf: what is proposed, and what takes effect once somebody commits it. */
export interface Update {
  leafNode: LeafNodeUpdate;
  hpkePrivateKey: Uint8Array;
  signaturePrivateKey: Uint8Array;
}

/** A key package with a leaf signature key of its own. A chain for another key than that is a forgery. */
export function createKeyPackage(
  identity: Identity,
  suite: CiphersuiteImpl,
  chainFor?: SigningKey,
): Promise<OwnKeyPackage> {
  const key = createSigningKey();
  const now = BigInt(Math.floor(Date.now() / 1_000));
  const lifetime = { notBefore: now - 3_600n, notAfter: now + 28n * 24n * 3_600n };
  const credential = credentialOf(identity, chainFor ?? key);
  return generateKeyPackageWithKey(credential, CAPABILITIES, lifetime, [], asPair(key), suite);
}

/** A new encryption key and a new signature key for the own leaf, with the chain that goes with it. */
export async function createUpdate(
  identity: Identity,
  state: ClientState,
  suite: CiphersuiteImpl,
): Promise<Update> {
  const { leaf, leafIndex } = ownLeaf(state);
  const key = createSigningKey();
  const encryption = await suite.hpke.generateKeyPair();
  const data = {
    leafNodeSource: 'update' as const,
    hpkePublicKey: await suite.hpke.exportPublicKey(encryption.publicKey),
    signaturePublicKey: key.publicKey,
    credential: credentialOf(identity, key),
    capabilities: leaf.capabilities,
    extensions: leaf.extensions,
  };
  const toSign = encodeLeafNodeTBS({ ...data, groupId: state.groupContext.groupId, leafIndex });
  const signature = await signWithLabel(key.seed, 'LeafNodeTBS', toSign, suite.signature);
  return {
    leafNode: { ...data, signature },
    hpkePrivateKey: await suite.hpke.exportPrivateKey(encryption.privateKey),
    signaturePrivateKey: key.seed,
  };
}

/** The one message in these bytes, of this form. */
export function decode<F extends MLSMessage['wireformat']>(
  bytes: Uint8Array,
  wireformat: F,
): Extract<MLSMessage, { wireformat: F }> {
  const decoded = decodeMlsMessage(bytes, 0);
  if (decoded?.[1] !== bytes.length) throw new Error('not one MLSMessage');
  const [message] = decoded;
  if (message.wireformat !== wireformat) throw new Error(`${message.wireformat} instead of ${wireformat}`);
  return message as Extract<MLSMessage, { wireformat: F }>;
}

export function encodeKeyPackage(keyPackage: KeyPackage): Uint8Array {
  return encodeMlsMessage({ version: 'mls10', wireformat: 'mls_key_package', keyPackage });
}

function credentialOf(identity: Identity, key: SigningKey): Credential {
  return { credentialType: 'basic', identity: issue(identity, key.publicKey) };
}

function asPair(key: SigningKey) {
  return { signKey: key.seed, publicKey: key.publicKey };
}
