/**
 * The frame of application messages, written a second time from crates/core/src/group/padding.rs: the message, 0x80, zeros up
 * to a PADMÉ length, 256 bytes at least.
 */

const MIN_FRAME = 256;
const END = 0x80;

export function frame(plaintext: Uint8Array): Uint8Array {
  const framed = new Uint8Array(Math.max(padme(plaintext.length + 1), MIN_FRAME));
  framed.set(plaintext);
  framed[plaintext.length] = END;
  return framed;
}

export function unframe(framed: Uint8Array): Uint8Array {
  const end = framed.findLastIndex((byte) => byte !== 0);
  const isWhole = framed.length >= MIN_FRAME && framed.length === Math.max(padme(end + 1), MIN_FRAME);
  if (framed[end] !== END || !isWhole) throw new Error('not a frame of ours');
  return framed.slice(0, end);
}

/** The PADMÉ length (PURBs, PoPETs 2019): the exponent of `length` decides how many low bits are rounded away. */
function padme(length: number): number {
  if (length < 2) return length;
  const exponent = Math.floor(Math.log2(length));
  const mantissaBits = Math.floor(Math.log2(exponent)) + 1;
  const step = 2 ** Math.max(exponent - mantissaBits, 0);
  return Math.ceil(length / step) * step;
}
