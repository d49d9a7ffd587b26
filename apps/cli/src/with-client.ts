import { QuicprochatError, type Client } from '@quicprochat/sdk';
import type { Context } from './command.ts';

/** Opens the account, takes in what is new, works, and closes again. */
export async function withClient<T>(context: Context, work: (client: Client) => Promise<T>): Promise<T> {
  const client = await context.home.open({ live: false });
  try {
    await client.sync({ signal: context.signal });
    return await work(client);
  } finally {
    await client.close();
  }
}

/** The same for commands that only show: without a relay they show what is stored, and say so. */
export async function withStoredClient<T>(
  context: Context,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = await context.home.open({ live: false });
  try {
    await client.sync({ signal: context.signal }).catch((error: unknown) => {
      if (!(error instanceof QuicprochatError) || error.code !== 'NETWORK') throw error;
      context.output.note('The relay cannot be reached: this is what was known last.');
    });
    return await work(client);
  } finally {
    await client.close();
  }
}
