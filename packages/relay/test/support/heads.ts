import { createHash } from 'node:crypto';
import {
  contentOf,
  entryTranscript,
  FIRST_HEAD,
  headTranscript,
  type GroupEntry,
} from '@quicprochat/protocol';

/** What a reader works out for himself: the head after entries that follow each other. */
export function headOf(entries: readonly GroupEntry[], previous: Uint8Array = FIRST_HEAD): Buffer {
  return entries.reduce((head, entry) => {
    const entryHash = sha256(entryTranscript(contentOf(entry)));
    return sha256(headTranscript({ sequence: entry.sequence, previous: head, entryHash }));
  }, Buffer.from(previous));
}

function sha256(bytes: Uint8Array): Buffer<ArrayBuffer> {
  return createHash('sha256').update(bytes).digest();
}
