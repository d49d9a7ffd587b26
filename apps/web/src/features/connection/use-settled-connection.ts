import { useEffect, useState } from 'react';
import { useConnection } from '@quicprochat/react';
import type { Connection } from '@quicprochat/sdk';

/** A stream that breaks and is back within this time is nobody's concern. */
const SETTLE_MS = 1_500;

/** The connection, with losses reported only when they last. */
export function useSettledConnection(): Connection {
  const connection = useConnection();
  const [settled, setSettled] = useState(connection);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(connection), connection === 'online' ? 0 : SETTLE_MS);
    return () => clearTimeout(timer);
  }, [connection]);
  return connection === 'online' ? connection : settled;
}
