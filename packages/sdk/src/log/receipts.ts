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

/** The head of a log after one more entry, as every reader works it out. Heads are base64url. */
export async function expectedHead(
  crypto: PublicCrypto,
  previous: string,
  { sequence, content }: { sequence: number; content: EntryContent },
): Promise<string> {
  const entryHash = await crypto.sha256(entryTranscript(content));
  return toBase64Url(
    await crypto.sha256(headTranscript({ sequence, previous: fromBase64Url(previous), entryHash })),
  );
}

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
    return await crypto.isSigned({ publicKey, signature: fromBase64Url(signature), message: transcript });
  } catch {
    // Malformed bytes signed nothing.
    return false;
  }
}
