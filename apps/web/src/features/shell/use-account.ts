import { useCallback, useEffect, useState } from 'react';
import { Client, indexedDbStorage, QuicprochatError } from '@quicprochat/sdk';
import { askToKeep } from '../settings/keeping.ts';
import { relayOfThisSite } from './relay-config.ts';

/** One profile of a browser holds one account. */
const STORE = 'account';

/** What is known of the account that this browser holds. */
export type Account =
  | { state: 'opening' }
  | { state: 'none'; relay: string; register: (handle: string) => Promise<void> }
  | { state: 'ready'; client: Client }
  | { state: 'failed'; error: unknown; retry: () => void };

/** Opens the account, and closes it with the page. */
export function useAccount(): Account {
  const [account, setAccount] = useState<Account>({ state: 'opening' });
  const [attempt, setAttempt] = useState(0);
  const retry = useCallback(() => {
    setAccount({ state: 'opening' });
    setAttempt((count) => count + 1);
  }, []);

  useEffect(() => {
    const leaving = new AbortController();
    const clients = new Set<Client>();

    const use = async (client: Client) => {
      clients.add(client);
      // Opened while the page was already going away: what is told below would close nothing.
      if (leaving.signal.aborted) await client.close();
      else setAccount({ state: 'ready', client });
    };

    const start = async () => {
      const relay = await relayOfThisSite();
      try {
        await use(await Client.create({ relay, storage: indexedDbStorage(STORE) }));
      } catch (error) {
        if (!isUnregistered(error)) throw error;
        const register = async (handle: string) => {
          // First, while the click counts: some browsers ask the person, and only then. The answer may never come.
          void askToKeep({ isNews: true });
          await use(await Client.create({ relay, storage: indexedDbStorage(STORE), handle }));
        };
        if (!leaving.signal.aborted) setAccount({ state: 'none', relay, register });
      }
    };

    start().catch((error: unknown) => {
      if (!leaving.signal.aborted) setAccount({ state: 'failed', error, retry });
    });

    return () => {
      leaving.abort();
      for (const client of clients) void client.close();
    };
  }, [attempt, retry]);

  return account;
}

function isUnregistered(error: unknown): boolean {
  return error instanceof QuicprochatError && error.code === 'NOT_REGISTERED';
}
