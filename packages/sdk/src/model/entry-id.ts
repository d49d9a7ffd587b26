import type { EntryId } from '@quicprochat/protocol';
import { hex } from '@scure/base';

/** Makes a fresh random id: 16 bytes, as 32 hex digits. */
export function newEntryId(random: { bytes(length: number): Uint8Array }): EntryId {
  return hex.encode(random.bytes(16)) as EntryId;
}
