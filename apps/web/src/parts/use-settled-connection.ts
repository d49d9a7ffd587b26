import { useEffect, useState, useSyncExternalStore } from 'react';
import { useConnection } from '@quicprochat/react';
import type { Connection } from '@quicprochat/sdk';

/** A stream that breaks and is back within this time is nobody's concern. */
const SETTLE_MS = 1_500;

/**
 * The connection as it is shown. A loss is shown only if it lasts, or at once if the browser itself has no network: then
 * there is nothing to wait for. Once it is shown, only being online again ends it, and not each new try.
 */
export function useSettledConnection(): Connection {
  const connection = useConnection();
  const hasNetwork = useSyncExternalStore(subscribeToNetwork, readNetwork, () => true);
  const [settled, setSettled] = useState(connection);
  const next = connection === 'connecting' && settled === 'offline' ? settled : connection;
  const isImmediate = next === 'online' || next === 'closed' || !hasNetwork;
  if (isImmediate && settled !== next) setSettled(next);

  useEffect(() => {
    if (settled === next) return;
    const timer = setTimeout(() => setSettled(next), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [settled, next]);

  return isImmediate ? next : settled;
}

function subscribeToNetwork(listener: () => void): () => void {
  addEventListener('online', listener);
  addEventListener('offline', listener);
  return () => {
    removeEventListener('online', listener);
    removeEventListener('offline', listener);
  };
}

function readNetwork(): boolean {
  return navigator.onLine;
}
