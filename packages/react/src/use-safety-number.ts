import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { useClient } from './client-context.tsx';
import { useSubscribe } from './use-connection.ts';

export interface SafetyNumber {
  /** 60 digits; undefined until they are known. */
  readonly digits: string | undefined;
  readonly error: unknown;
}

const UNKNOWN: SafetyNumber = { digits: undefined, error: undefined };

/**
 * Returns the number that both people see if nobody is between them; they compare it in person or on a call. The hook reads
 * it again when the contact's key changes. Pass the digits that are shown to `contacts.verify`, which rejects any others.
 */
export function useSafetyNumber(handle: string): SafetyNumber {
  const client = useClient();
  const read = useCallback(() => client.contacts.keyId(handle), [client, handle]);
  const keyId = useSyncExternalStore(useSubscribe(client), read, read);
  const [known, setKnown] = useState<SafetyNumber & { handle?: string; keyId?: string | undefined }>(UNKNOWN);

  useEffect(() => {
    let wanted = true;
    client.contacts.safetyNumber(handle).then(
      (digits) => wanted && setKnown({ handle, keyId, digits, error: undefined }),
      (error: unknown) => wanted && setKnown({ handle, keyId, digits: undefined, error }),
    );
    return () => {
      wanted = false;
    };
  }, [client, handle, keyId]);

  // Until the new one has arrived, the number of another handle or key must not stand beside this name.
  return known.handle === handle && known.keyId === keyId ? known : UNKNOWN;
}
