import { sha256 } from '@noble/hashes/sha2.js';
import {
  entryTranscript,
  fromBase64Url,
  headTranscript,
  receiptTranscript,
  toBase64Url,
  type EntryContent,
  type Receipt,
} from '@quicprochat/protocol';
import type { PublicCrypto } from '../platform/platform.ts';

/**
 * The head of a log after one more entry, as every reader works it out. Heads are base64url.
 *
 * Hashed here and not by WebCrypto, which takes ten times as long for two hashes of a message: it hands each to another
 * thread. What is hashed is public.
 */
export function expectedHead(
  previous: string,
  { sequence, content }: { sequence: number; content: EntryContent },
): string {
  const entryHash = hashOf(content);
  return toBase64Url(sha256(headTranscript({ sequence, previous: fromBase64Url(previous), entryHash })));
}

/** Of pages each is needed twice: before anything of the page is applied, and when the entry itself is. */
const hashes = new WeakMap<EntryContent, Uint8Array>();

function hashOf(content: EntryContent): Uint8Array {
  const hash = hashes.get(content) ?? sha256(entryTranscript(content));
  hashes.set(content, hash);
  return hash;
}

const KEY_BYTES = 32;

/** Whether the relay with this key signed the receipt. */
export async function isSigned(
  crypto: PublicCrypto,
  receipt: Receipt,
  { receiptKey, groupId }: { receiptKey: string; groupId: string },
): Promise<boolean> {
  const { branch, sequence, head, signature } = receipt;
  try {
    const transcript = receiptTranscript(groupId, { branch, sequence, head: fromBase64Url(head) });
    const publicKey = fromBase64Url(receiptKey);
    // Node would leave out what follows the key.
    if (publicKey.length !== KEY_BYTES) return false;
    return await crypto.isSigned({ publicKey, signature: fromBase64Url(signature), message: transcript });
  } catch {
    // Malformed bytes signed nothing.
    return false;
  }
}
