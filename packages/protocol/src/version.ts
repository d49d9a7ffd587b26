/**
 * The number of this wire protocol. Raise it with any change that breaks the other side: one that makes a client from
 * before it fail at a relay from after it, or the reverse. New procedures and new optional fields break nobody. The number is
 * also signed into every proof, so that a proof for one protocol is void in another.
 */
export const PROTOCOL_VERSION = 1;

/**
 * The query parameter by which a request names the protocol that its client speaks, for procedures, streams and blobs
 * alike. A relay that speaks another one answers PROTOCOL_VERSION_MISMATCH. It is no header: for a header, a browser first asks the
 * relay's permission, once for each address, and each stream has an address of its own.
 */
export const PROTOCOL_PARAMETER = 'protocol';
