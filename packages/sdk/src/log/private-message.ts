/**
 * What a PrivateMessage says in the clear (RFC 9420 §6.3). In front stand the version and the wire format with two bytes
 * each, and the group's id, which has 16 bytes here, with its length.
 */
const EPOCH_AT = 2 + 2 + 1 + 16;
const CONTENT_TYPE_AT = EPOCH_AT + 8;
const PROPOSAL = 2;

/** @param message one that the core has decoded */
export function epochOf(message: Uint8Array): number {
  return Number(new DataView(message.buffer, message.byteOffset).getBigUint64(EPOCH_AT));
}

/** Whether the message contains a proposal. The sender's data, by which the core knows the sender, vouches for that. */
export function isProposal(message: Uint8Array): boolean {
  return message[CONTENT_TYPE_AT] === PROPOSAL;
}
