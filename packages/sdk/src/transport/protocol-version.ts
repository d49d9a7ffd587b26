import { PROTOCOL_PARAMETER, PROTOCOL_VERSION } from '@quicprochat/protocol';
import { relayError, type TransportError } from '../model/errors.ts';

/** What every request names in its address: the protocol that this SDK speaks. */
export const OWN_PROTOCOL = `${PROTOCOL_PARAMETER}=${PROTOCOL_VERSION}`;

/**
 * The error for a relay that speaks another protocol. It is retryable whichever side is behind, so that nothing that
 * waits is lost, and a client goes on by itself once the relay was updated.
 *
 * @param relayProtocol what the relay says that it speaks
 * @returns undefined if that is no number, or our own
 */
export function protocolMismatch(relayProtocol: unknown): TransportError | undefined {
  if (!Number.isSafeInteger(relayProtocol) || relayProtocol === PROTOCOL_VERSION) return undefined;
  const update = (relayProtocol as number) > PROTOCOL_VERSION ? 'app' : 'relay';
  const details = { relayProtocol, ownProtocol: PROTOCOL_VERSION, update };
  return relayError('PROTOCOL_VERSION_MISMATCH', SENTENCES[update], { retryable: true, details });
}

const SENTENCES = {
  app: 'This app is too old for the relay. Update the app; in a browser, reload the page.',
  relay: 'The relay is too old for this app. Ask whoever runs the relay to update it.',
};
