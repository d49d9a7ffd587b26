import { useEffect, useState } from 'react';
import { useClient } from '@quicprochat/react';
import { QuicprochatError, toSentence, type Client, type ErrorReasons } from '@quicprochat/sdk';

/** Why the relay is not reached, if waiting does not help. */
const FOR_A_PERSON = new Set<unknown>(['origin', 'not-a-relay'] satisfies ErrorReasons['NETWORK'][]);

/** How long until the relay is asked again, which may have been away at first. */
const AGAIN_MS = 30_000;

/**
 * The sentence to show if the relay's address answers, but not as a relay or not to pages of this site; undefined otherwise. A client that is live says
 * only that it is offline, so this asks for the reason with one pass, which fails with it and ends at its third call.
 */
export function useRefusal(isOffline: boolean): string | undefined {
  const client = useClient();
  const [refusal, setRefusal] = useState<string>();

  useEffect(() => {
    // A relay on the site's own origin has nothing to refuse.
    if (!isOffline || client.relay === location.origin) return;
    const ending = new AbortController();
    void untilKnown(client, ending.signal).then((sentence) => {
      if (!ending.signal.aborted) setRefusal(sentence);
    });
    return () => {
      ending.abort();
      setRefusal(undefined);
    };
  }, [client, isOffline]);

  return refusal;
}

/** Asks until the relay gives another answer than silence. Undefined if that is no refusal. */
async function untilKnown(client: Client, signal: AbortSignal): Promise<string | undefined> {
  while (!signal.aborted) {
    try {
      await client.sync({ signal });
      return undefined;
    } catch (error) {
      if (!(error instanceof QuicprochatError) || error.code !== 'NETWORK') return undefined;
      if (FOR_A_PERSON.has(error.details['reason'])) return toSentence(error);
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  return undefined;
}
