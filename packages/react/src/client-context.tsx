import { createContext, use, type ReactNode } from 'react';
import type { Client } from '@quicprochat/sdk';

const ClientContext = createContext<Client | undefined>(undefined);

export interface ClientProviderProps {
  /** An open client. Whoever made it closes it: the provider does not, so that it can be mounted twice (StrictMode). */
  client: Client;
  children: ReactNode;
}

/** Gives a client to every hook below it. */
export function ClientProvider({ client, children }: ClientProviderProps): ReactNode {
  return <ClientContext value={client}>{children}</ClientContext>;
}

/** The client of the nearest {@link ClientProvider}. Throws outside of one. */
export function useClient(): Client {
  const client = use(ClientContext);
  if (client === undefined) throw new Error('useClient must be called below a <ClientProvider client={…}>.');
  return client;
}
