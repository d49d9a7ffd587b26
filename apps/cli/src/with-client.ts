import type { Client } from '@quicprochat/sdk';
import type { Context } from './command.ts';
import { isOffline } from './exit.ts';

/**
 * Opens the account, takes in what is new, works, and closes again. Without a relay it goes on with what is stored:
 * what only shows something has something to show, and what needs the relay tries for itself and fails by itself.
 */
export async function withClient<T>(context: Context, work: (client: Client) => Promise<T>): Promise<T> {
  const { home, output, signal } = context;
  const client = await home.open({ live: false, signal });
  try {
    await client.sync({ signal }).catch(async (error: unknown) => {
      if (!isOffline(error)) throw error;
      await output.note('The relay cannot be reached: what came since the last time is not known yet.');
    });
    return await work(client);
  } finally {
    await client.close();
  }
}
