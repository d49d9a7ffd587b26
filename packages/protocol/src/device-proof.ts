import { transcript } from './transcript.ts';

/** What a device signs to register or to sign in: the relay's challenge, bound to the relay and to the device. */
export interface DeviceClaim {
  purpose: 'register' | 'login';
  /** Host (and port) of the relay that the device means to talk to. */
  audience: string;
  challenge: Uint8Array;
  deviceId: string;
}

/** The bytes that a device's signature over a challenge covers. */
export function deviceTranscript({
  purpose,
  audience,
  challenge,
  deviceId,
}: DeviceClaim): Uint8Array<ArrayBuffer> {
  return transcript(purpose, [audience, challenge, deviceId]);
}

/** What a device certificate says: this account has this device, under this handle. */
export interface DeviceCertificateClaim {
  handle: string;
  accountKey: Uint8Array;
  deviceId: string;
  deviceKey: Uint8Array;
}

/** The bytes that the account key signs to certify a device. The core checks the same bytes on every leaf. */
export function deviceCertificateTranscript(claim: DeviceCertificateClaim): Uint8Array<ArrayBuffer> {
  return transcript('device-certificate', [claim.handle, claim.accountKey, claim.deviceId, claim.deviceKey]);
}
