import { fromBase64Url, toBase64Url } from '@quicprochat/protocol';
import { sdkError } from '../model/errors.ts';
import { ambient } from './ambient.ts';

const SALT_BYTES = 32;
const SECRET_BYTES = 32;
const USER_ID_BYTES = 16;
const CHALLENGE_BYTES = 32;
/** EdDSA, ES256 and RS256: between them, what authenticators have. No signature is ever checked here. */
const ALGORITHMS = [-8, -7, -257];

/** Which passkey, and what it is asked. No secrets: it may be stored anywhere. */
interface Reference {
  /** base64url */
  credentialId: string;
  /** 32 random bytes, base64url. Another salt gives another secret. */
  salt: string;
}

/**
 * Makes a passkey for a key slot, and asks it for its secret: `client.keys.addSecret(secret, { passkey })`. Only in pages,
 * and only after a click or a key press. The secret comes from WebAuthn's PRF extension: the authenticator computes it,
 * and nobody else can. The person may be asked twice, because some authenticators compute nothing while they make a passkey.
 *
 * @param name what the system shows for this passkey, such as the handle
 * @throws {UsageError} PASSKEY_UNAVAILABLE if the person declines, or the browser or authenticator has no PRF extension
 */
export async function createPasskey({ name }: { name: string }): Promise<{
  passkey: Reference;
  secret: Uint8Array;
}> {
  const salt = ambient.random.bytes(SALT_BYTES);
  const created = await ask(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { name: location.hostname },
        user: { id: ambient.random.bytes(USER_ID_BYTES), name, displayName: name },
        challenge: ambient.random.bytes(CHALLENGE_BYTES),
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
        authenticatorSelection: { residentKey: 'preferred', userVerification: 'required' },
        extensions: { prf: { eval: { first: salt } } },
      },
    }),
  );
  const { prf } = created.getClientExtensionResults();
  if (prf?.enabled !== true) throw unavailable('This passkey cannot unlock anything. Use a passphrase.');
  const passkey = {
    credentialId: toBase64Url(new Uint8Array(created.rawId)),
    salt: toBase64Url(salt),
  };
  return { passkey, secret: secretIn(created) ?? (await askPasskey(passkey)) };
}

/**
 * Asks a passkey for the secret of its key slot: `Client.create({ unlock: { secret } })`. Only in pages, and only after a
 * click or a key press.
 *
 * @param passkey as `Client.keySlots(storage)` lists it
 * @throws {UsageError} PASSKEY_UNAVAILABLE if the person declines, or the passkey is not here
 */
export async function askPasskey({ credentialId, salt }: Reference): Promise<Uint8Array> {
  const asserted = await ask(() =>
    navigator.credentials.get({
      publicKey: {
        challenge: ambient.random.bytes(CHALLENGE_BYTES),
        allowCredentials: [{ type: 'public-key', id: fromBase64Url(credentialId) }],
        userVerification: 'required',
        extensions: { prf: { eval: { first: fromBase64Url(salt) } } },
      },
    }),
  );
  const secret = secretIn(asserted);
  if (secret === undefined) throw unavailable('This passkey cannot unlock anything. Use a passphrase.');
  return secret;
}

async function ask(request: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  if (typeof PublicKeyCredential === 'undefined')
    throw unavailable('This browser has no passkeys. Use a passphrase.');
  try {
    const credential = await request();
    if (credential instanceof PublicKeyCredential) return credential;
  } catch (cause) {
    throw unavailable('The passkey was not used. Try again, or use a passphrase.', cause);
  }
  throw unavailable('The passkey was not used. Try again, or use a passphrase.');
}

function secretIn(credential: PublicKeyCredential): Uint8Array | undefined {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  if (first === undefined) return undefined;
  const secret = first instanceof ArrayBuffer ? new Uint8Array(first) : undefined;
  return secret?.length === SECRET_BYTES ? secret : undefined;
}

function unavailable(sentence: string, cause?: unknown) {
  return sdkError('PASSKEY_UNAVAILABLE', sentence, { cause });
}
