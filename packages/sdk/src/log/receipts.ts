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
  const claim = claimOf(receipt, { receiptKey, groupId });
  // Node would leave out what follows the key.
  return claim?.publicKey.length === KEY_BYTES && (await crypto.isSigned(claim));
}

/** What is said to be signed, and by whom. Undefined of malformed bytes, which signed nothing. */
function claimOf(
  { branch, sequence, head, signature }: Receipt,
  { receiptKey, groupId }: { receiptKey: string; groupId: string },
) {
  try {
    return {
      publicKey: fromBase64Url(receiptKey),
      signature: fromBase64Url(signature),
      message: receiptTranscript(groupId, { branch, sequence, head: fromBase64Url(head) }),
    };
  } catch {
    return undefined;
  }
}
