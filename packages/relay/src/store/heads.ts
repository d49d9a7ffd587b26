import { createHash } from 'node:crypto';
import { entryTranscript, headTranscript, type EntryContent } from '@quicprochat/protocol';

/** The head of a log after one more entry. */
export function headAfter(previous: Uint8Array, sequence: number, entry: EntryContent): Buffer {
  const entryHash = sha256(entryTranscript(entry));
  return sha256(headTranscript({ sequence, previous, entryHash }));
}

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}
