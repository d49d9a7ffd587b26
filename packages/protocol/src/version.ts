/** The version of this wire protocol. Signed into every proof, so that a proof for one version is void in another. */
export const PROTOCOL_VERSION = 1;
