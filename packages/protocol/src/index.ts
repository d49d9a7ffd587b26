/**
 * The words that clients and relays share. No I/O, no cryptography, and no import from any other room: both ends can
 * depend on this without learning anything about each other.
 */
export * from './access-proof.ts';
export * from './account.ts';
export * from './blob.ts';
export * from './bytes.ts';
export * from './device-proof.ts';
export * from './errors.ts';
export * from './group.ts';
export * from './ids.ts';
export * from './inbox.ts';
export * from './key-package.ts';
export * from './limits.ts';
export * from './push.ts';
export * from './receipt.ts';
export * from './stream.ts';
export * from './suite.ts';
export * from './transcript.ts';
export * from './version.ts';
