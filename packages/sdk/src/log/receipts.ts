import {
  entryTranscript,
  fromBase64Url,
  headTranscript,
  receiptTranscript,
  toBase64Url,
  type EntryContent,
  type Receipt,
} from '@quicprochat/protocol';

/** The head of a log after one more entry, as every reader works it out. Heads are base64url. */
export async function headAfter(previous: string, sequence: number, content: EntryContent): Promise<string> {
  const entryHash = await sha256(entryTranscript(content));
  return toBase64Url(
    await sha256(headTranscript({ sequence, previous: fromBase64Url(previous), entryHash })),
  );
}

/** Whether the relay with this key signed the receipt. */
export async function isSigned(receiptKey: string, groupId: string, receipt: Receipt): Promise<boolean> {
  const { branch, sequence, head, signature } = receipt;
  try {
    const transcript = receiptTranscript(groupId, { branch, sequence, head: fromBase64Url(head) });
    const key = await crypto.subtle.importKey('raw', fromBase64Url(receiptKey), 'Ed25519', false, ['verify']);
    return await crypto.subtle.verify('Ed25519', key, fromBase64Url(signature), transcript);
  } catch {
    // Malformed bytes signed nothing.
    return false;
  }
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
}
