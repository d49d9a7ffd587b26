import type { EntryId } from '@quicprochat/protocol';
import { hex } from '@scure/base';

/** An id that nobody has used and nobody can guess. */
export function newEntryId(random: { bytes(length: number): Uint8Array }): EntryId {
  return hex.encode(random.bytes(16)) as EntryId;
}
