import { isolated, QuicprochatError, type Client } from '@quicprochat/sdk';
import type { Context } from './command.ts';
import { isOffline } from './exit.ts';
import type { Output } from './output.ts';
import { sentenceFor } from './sentences.ts';

/**
 * Opens the account, takes in what is new, works, and closes again. Without a relay it goes on with what is stored:
 * what only shows something has something to show, and what needs the relay tries for itself and fails by itself.
 */
export async function withClient<T>(context: Context, work: (client: Client) => Promise<T>): Promise<T> {
  const { home, output, signal } = context;
  const client = await home.open({ live: false, signal });
  try {
    const stop = tellProgress(client, output);
    await client
      .sync({ signal })
      .finally(stop)
      .catch(async (error: unknown) => {
        if (await tellTroubles(client, error, output)) return;
        if (!isOffline(error)) throw error;
        const why =
          client.trouble === undefined
            ? `The relay at ${client.relay} cannot be reached.`
            : sentenceFor(client.trouble, client.relay);
        await output.note(`${why} Anything newer than the last run is missing here.`);
      });
    return await work(client);
  } finally {
    await client.close();
  }
}

/** Every so many entries, a person is told that catching up goes on. */
const TOLD_EVERY_ENTRIES = 1_000;

/** Says how far catching up has come where there is much to read. Returns a function that stops this. */
function tellProgress(client: Client, output: Output): () => void {
  const told = new Map<string, number>();
  return client.subscribe(() => {
    for (const { id, name, catchingUp } of client.conversations.list()) {
      const thousands = Math.floor((catchingUp?.entries ?? 0) / TOLD_EVERY_ENTRIES);
      if (thousands <= (told.get(id) ?? 0)) continue;
      told.set(id, thousands);
      const entries = (thousands * TOLD_EVERY_ENTRIES).toLocaleString('en');
      void output.note(`Catching up with ${name === '' ? id : isolated(name)}: ${entries} entries so far.`);
    }
  });
}

/**
 * Says which conversations stand still and why, if that is all that failed.
 *
 * @returns false if the error is not one conversation's own: then nothing was said
 */
export async function tellTroubles(client: Client, error: unknown, output: Output): Promise<boolean> {
  // A relay that lies is not a passing problem: the command that finds it out fails.
  if (error instanceof QuicprochatError && error.code === 'RELAY_FORKED') return false;
  const troubled = client.conversations.list().filter(({ trouble }) => trouble !== undefined);
  if (!troubled.some(({ trouble }) => trouble === error)) return false;
  for (const { id, name, trouble } of troubled)
    await output.note(
      `${name === '' ? id : isolated(name)} cannot be updated. ${sentenceFor(trouble, client.relay)}`,
    );
  return true;
}
