import { useEffect, useState } from 'react';
import { useClient } from './client-context.tsx';

export interface SafetyNumber {
  /** 60 digits; undefined until they are known. */
  readonly digits: string | undefined;
  readonly error: unknown;
}

const UNKNOWN: SafetyNumber = { digits: undefined, error: undefined };

/** The number that both people see if nobody sits between them. Compared in person or on a call. */
export function useSafetyNumber(handle: string): SafetyNumber {
  const client = useClient();
  const [known, setKnown] = useState<SafetyNumber & { handle?: string }>(UNKNOWN);

  useEffect(() => {
    let wanted = true;
    client.contacts.safetyNumber(handle).then(
      (digits) => wanted && setKnown({ handle, digits, error: undefined }),
      (error: unknown) => wanted && setKnown({ handle, digits: undefined, error }),
    );
    return () => {
      wanted = false;
    };
  }, [client, handle]);

  // Until the new one arrived, the number of the handle before must not stand beside this one's name.
  return known.handle === handle ? known : UNKNOWN;
}
