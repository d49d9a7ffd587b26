import { createContext, use, type ReactNode } from 'react';
import type { Client } from '@quicprochat/sdk';

const ClientContext = createContext<Client | undefined>(undefined);

export interface ClientProviderProps {
  /** An open client. Its creator closes it; the provider does not, so that React can mount it twice (StrictMode). */
  client: Client;
  children: ReactNode;
}

/** Provides a client to every hook below it. */
export function ClientProvider({ client, children }: ClientProviderProps): ReactNode {
  return <ClientContext value={client}>{children}</ClientContext>;
}

/** Returns the client of the nearest {@link ClientProvider}. Throws if there is none. */
export function useClient(): Client {
  const client = use(ClientContext);
  if (client === undefined) throw new Error('useClient must be called below a <ClientProvider client={…}>.');
  return client;
}
