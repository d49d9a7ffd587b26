/**
 * Our Welcomes in two parts, written a second time from crates/core/src/group/welcome.rs: what ts-mls makes of an Add becomes
 * what our joiners take, and what our committers make becomes an RFC 9420 Welcome and a tree.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto';
import {
  mlsExporter,
  type CiphersuiteImpl,
  type ClientState,
  type Decoder,
  type RatchetTree,
  type Welcome,
} from 'ts-mls';
import { encode } from 'ts-mls/codec/tlsEncoder.js';
import { decodeVarLenData, varLenDataEncoder } from 'ts-mls/codec/variableLength.js';
import { decodeCiphersuite, encodeCiphersuite } from 'ts-mls/crypto/ciphersuite.js';
import { decodeRatchetTree, encodeRatchetTree } from 'ts-mls/ratchetTree.js';
import { decodeEncryptedGroupSecrets, encodeEncryptedGroupSecrets } from 'ts-mls/welcome.js';
import type { Invitation } from './peer.ts';

const VERSION = 1;
/** `version` and `cipher_suite`. */
const HEADER_BYTES = 3;
const KEY_BYTES = 32;
const TAG_BYTES = 16;
const NONCE = new Uint8Array(12);

/** The exporter of the epoch that a Welcome is for. */
interface Epoch {
  exporterSecret: Uint8Array;
  suite: CiphersuiteImpl;
}

/** A Welcome of ours, as ts-mls takes it; the tree is yet to be opened. */
export interface ReceivedWelcome {
  welcome: Welcome;
  header: Uint8Array;
  sealedTree: Uint8Array;
}

/** What each joiner gets, in the order of the Welcome, which is that of the key packages. */
export async function invite(
  welcome: Welcome,
  { ratchetTree, keySchedule }: ClientState,
  suite: CiphersuiteImpl,
): Promise<Invitation[]> {
  const header = concat(Uint8Array.of(VERSION), encodeCiphersuite(suite.name));
  const key = await treeKey({ exporterSecret: keySchedule.exporterSecret, suite });
  const sealedTree = seal(key, encodeRatchetTree(ratchetTree), header);
  const shared = concat(header, vector(welcome.encryptedGroupInfo), vector(sealedTree));
  return welcome.secrets.map((secrets) => ({ joiner: encodeEncryptedGroupSecrets(secrets), shared }));
}

/** Puts a joiner's part and the shared part together. */
export function receive({ joiner, shared }: Invitation): ReceivedWelcome {
  const header = shared.slice(0, HEADER_BYTES);
  const [encryptedGroupInfo, infoBytes] = must(decodeVarLenData(shared, HEADER_BYTES));
  const sealedTree = whole(decodeVarLenData, shared, HEADER_BYTES + infoBytes);
  if (header[0] !== VERSION) throw new Error('a Welcome of another version');
  const cipherSuite = whole(decodeCiphersuite, header, 1);
  const secrets = [whole(decodeEncryptedGroupSecrets, joiner)];
  return { welcome: { cipherSuite, secrets, encryptedGroupInfo }, header, sealedTree };
}

export async function openTree({ header, sealedTree }: ReceivedWelcome, epoch: Epoch): Promise<RatchetTree> {
  return whole(decodeRatchetTree, open(await treeKey(epoch), sealedTree, header));
}

function treeKey({ exporterSecret, suite }: Epoch): Promise<Uint8Array> {
  return mlsExporter(exporterSecret, 'quicprochat welcome tree', Buffer.from('v1'), KEY_BYTES, suite);
}

/** ChaCha20-Poly1305 in every suite. Each key seals one tree, so the nonce need not vary. */
function seal(key: Uint8Array, plaintext: Uint8Array, header: Uint8Array): Uint8Array {
  const cipher = createCipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES });
  cipher.setAAD(header, { plaintextLength: plaintext.length });
  return concat(cipher.update(plaintext), cipher.final(), cipher.getAuthTag());
}

function open(key: Uint8Array, sealed: Uint8Array, header: Uint8Array): Uint8Array {
  const end = sealed.length - TAG_BYTES;
  const decipher = createDecipheriv('chacha20-poly1305', key, NONCE, { authTagLength: TAG_BYTES });
  decipher.setAAD(header, { plaintextLength: end });
  decipher.setAuthTag(sealed.slice(end));
  return concat(decipher.update(sealed.slice(0, end)), decipher.final());
}

function vector(bytes: Uint8Array): Uint8Array {
  return encode(varLenDataEncoder)(bytes);
}

/** What the bytes from `start` on hold, nothing left over. */
function whole<T>(decoder: Decoder<T>, bytes: Uint8Array, start = 0): T {
  const [value, length] = must(decoder(bytes, start));
  if (start + length !== bytes.length) throw new Error('trailing bytes');
  return value;
}

function must<T>(decoded: T | undefined): T {
  if (decoded === undefined) throw new Error('not decodable');
  return decoded;
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(Buffer.concat(parts));
}
