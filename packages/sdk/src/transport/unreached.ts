import { sdkError, type ErrorReasons, type QuicprochatError } from '../model/errors.ts';

type Reason = ErrorReasons['NETWORK'];

/** What Node says of a connection that did not come about. Browsers say nothing, so that pages cannot look around. */
const REASONS: readonly [RegExp, Reason][] = [
  [/^ENOTFOUND$/, 'unknown-host'],
  [/^(EAI_AGAIN|ENETUNREACH|ENETDOWN|EHOSTUNREACH|EADDRNOTAVAIL)$/, 'offline'],
  [/^ECONNREFUSED$/, 'refused'],
  [/^(CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|HOSTNAME_MISMATCH$|EPROTO$)/, 'tls'],
  [/^HPE_/, 'not-a-relay'],
  [/^UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT$/, 'silent'],
];

/** No answer came. Says why, as far as the runtime tells it. */
export function away(cause: unknown): QuicprochatError {
  const code = codeIn(cause);
  const reason = REASONS.find(([codes]) => codes.test(code))?.[1] ?? 'unreachable';
  return sdkError('NETWORK', sentenceFor(reason, code), { details: { reason }, cause });
}

/** Another server answers at the relay's address. */
export function notARelay(cause: unknown): QuicprochatError {
  const reason = 'not-a-relay';
  return sdkError('NETWORK', sentenceFor(reason, ''), { details: { reason }, cause });
}

function sentenceFor(reason: Reason, code: string): string {
  switch (reason) {
    case 'unknown-host':
      return 'No server has the name in the relay’s address. Check the address and your connection.';
    case 'offline':
      return 'This device has no connection. Connect it, then try again.';
    case 'refused':
      return 'Nothing answers at the relay’s address. Check the address; if it is right, the relay is not running: try again later.';
    case 'tls':
      return `No secure connection to the relay is possible (${code}). Check the address and this device’s clock; if both are right, tell whoever runs the relay.`;
    case 'not-a-relay':
      return 'The server at the relay’s address is not a relay. Check the address; in a network with a sign-in page, sign in first.';
    case 'silent':
      return 'The relay does not answer. Check your connection and try again.';
    default:
      return 'The relay cannot be reached. Check your connection and try again.';
  }
}

/** The system's code in an error or in what it came from. Of several addresses that were tried, fetch tells one. */
function codeIn(cause: unknown): string {
  for (let error = cause; error instanceof Error; error = error.cause)
    if ('code' in error && typeof error.code === 'string') return error.code;
  return '';
}
