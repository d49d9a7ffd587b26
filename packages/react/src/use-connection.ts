import { useCallback, useSyncExternalStore } from 'react';
import type { Client, Connection, QuicprochatError } from '@quicprochat/sdk';
import { useClient } from './client-context.tsx';

/** Whether the relay can be reached now. */
export function useConnection(): Connection {
  const client = useClient();
  const read = useCallback(() => client.connection, [client]);
  return useSyncExternalStore(useSubscribe(client), read, read);
}

/** The error to show while nothing can be sent or received until a person does something; see `client.trouble`. */
export function useTrouble(): QuicprochatError | undefined {
  const client = useClient();
  const read = useCallback(() => client.trouble, [client]);
  return useSyncExternalStore(useSubscribe(client), read, read);
}

/** Returns `client.subscribe` as a function that keeps its identity, so that React does not subscribe at each render. */
export function useSubscribe(client: Client): (listener: () => void) => () => void {
  return useCallback((listener) => client.subscribe(listener), [client]);
}
