import { useCallback, useSyncExternalStore } from 'react';
import type { Client, Connection, TransportError } from '@quicprochat/sdk';
import { useClient } from './client-context.tsx';

/** Whether the relay can be reached now. */
export function useConnection(): Connection {
  const client = useClient();
  const read = useCallback(() => client.connection, [client]);
  return useSyncExternalStore(useSubscribe(client), read, read);
}

/** The error to show while this device's clock is too far from the relay's; undefined otherwise. */
export function useClockError(): TransportError | undefined {
  const client = useClient();
  const read = useCallback(() => client.clockError, [client]);
  return useSyncExternalStore(useSubscribe(client), read, read);
}

/** Returns `client.subscribe` as a function that keeps its identity, so that React does not subscribe at each render. */
export function useSubscribe(client: Client): (listener: () => void) => () => void {
  return useCallback((listener) => client.subscribe(listener), [client]);
}
