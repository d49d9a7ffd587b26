import { z } from 'zod';
import { bytes } from './bytes.ts';
import { deviceIdSchema, handleSchema } from './ids.ts';

/** Ed25519 public keys and signatures. */
export const publicKeySchema = bytes(32);
export const signatureSchema = bytes(64);

/** A device as the directory shows it. The certificate is the account key's signature (see `deviceCertificateTranscript`). */
const deviceFields = {
  deviceId: deviceIdSchema,
  deviceKey: publicKeySchema,
  deviceCertificate: signatureSchema,
};

/** `account.register`: a new account with its first device. The device key signs the challenge with purpose `register`. */
export const registerInputSchema = z.strictObject({
  handle: handleSchema,
  accountKey: publicKeySchema,
  ...deviceFields,
  challenge: bytes(32),
  signature: signatureSchema,
});

/** `auth.login`: the device key signs the challenge with purpose `login`. */
export const loginInputSchema = z.strictObject({
  deviceId: deviceIdSchema,
  challenge: bytes(32),
  signature: signatureSchema,
});

/** `directory.lookup`. */
export const lookupInputSchema = z.strictObject({ handle: handleSchema });
