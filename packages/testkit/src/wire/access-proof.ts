import { randomBytes } from 'node:crypto';
import { accessTranscript, toBase64Url, type AccessClaim } from '@quicprochat/protocol';
import type { Signer } from './keys.ts';

/** What a proof claims. A time and a nonce are made if none are given. */
export type Claimed = Omit<AccessClaim, 'issuedAtMs' | 'nonce'> &
  Partial<Pick<AccessClaim, 'issuedAtMs' | 'nonce'>>;

/** Returns the proof, as calls carry it, that its sender has a group's access key: no MLS behind it, as in the relay. */
export function accessProof(
  signer: Signer,
  { issuedAtMs = Date.now(), nonce = randomBytes(16), ...claimed }: Claimed,
) {
  return {
    issuedAtMs,
    nonce: toBase64Url(nonce),
    accessKey: toBase64Url(signer.publicKey),
    signature: toBase64Url(signer.sign(accessTranscript({ ...claimed, issuedAtMs, nonce }))),
  };
}
