import { RelayError } from '../errors.ts';

/** Bytes that the pieces of a body have on average, at the least; the first of them may be smaller. */
const LEAST_BYTES = 128;
const FREE_PIECES = 1_024;

/**
 * Whether a body comes in pieces that cost more than what is in them. Each is a buffer of Node's, which takes 200 bytes and
 * some microseconds, and a sender can cut a body into pieces of one byte (RFC 9112 §7.1). A packet has ten times as many as
 * they need.
 */
export function areTooSmall(pieces: number, bytes: number): boolean {
  return pieces > FREE_PIECES + bytes / LEAST_BYTES;
}

export function tooSmall(): RelayError {
  return new RelayError('BAD_INPUT', {
    issues: [{ path: '', message: 'the body arrives in pieces that are too small' }],
  });
}
