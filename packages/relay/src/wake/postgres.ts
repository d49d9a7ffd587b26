import { setTimeout as sleep } from 'node:timers/promises';
import { sql } from 'kysely';
import pg from 'pg';
import type { Db } from '../store/schema.ts';
import { backoffMs, type BusEvents, type OpenBus } from './bus.ts';

/** One for all relays of a database: PostgreSQL keeps the channels of different databases apart. */
const CHANNEL = 'quicprochat_wake';

/** How often the listening connection is asked whether it is still there. */
const CHECK_EVERY_MS = 5_000;

/**
 * The database as its own bus, by LISTEN and NOTIFY, on a connection of its own: in the pool, texts would wait behind
 * calls for their turn, and in the transactions of calls, NOTIFY would make these wait for each other when they commit.
 * While that connection is away, the pool is better than nothing.
 */
export function postgresBus(url: string, db: Db): OpenBus {
  return (events) => {
    const closing = new AbortController();
    const own: Own = { client: undefined };
    const listening = keepListening(url, events, closing.signal, own);
    return {
      publish: async (text) => {
        if (own.client === undefined) await sql`SELECT pg_notify(${CHANNEL}, ${text})`.execute(db);
        else await own.client.query('SELECT pg_notify($1, $2)', [CHANNEL, text]);
      },
      close: async () => {
        closing.abort();
        await listening;
      },
    };
  };
}

/** The connection that listens, while there is one. */
interface Own {
  client: pg.Client | undefined;
}

async function keepListening(url: string, events: BusEvents, closing: AbortSignal, own: Own): Promise<void> {
  for (let failures = 0; !closing.aborted; failures += 1) {
    await listenOnce(url, closing, {
      onText: events.onText,
      onConnected: (client) => {
        failures = 0;
        own.client = client;
        events.onConnected();
      },
      onOver: () => (own.client = undefined),
    });
    await pause(backoffMs(failures), closing);
  }
}

/** Listens for as long as the connection lasts. */
async function listenOnce(
  url: string,
  closing: AbortSignal,
  events: {
    onText: (text: string) => void;
    onConnected: (client: pg.Client) => void;
    onOver: () => void;
  },
): Promise<void> {
  const client = new pg.Client({
    connectionString: url,
    application_name: 'quicprochat-relay-wake',
    connectionTimeoutMillis: 5_000,
    query_timeout: CHECK_EVERY_MS,
    keepAlive: true,
  });
  const over = new AbortController();
  const until = AbortSignal.any([over.signal, closing]);
  client.on('error', () => over.abort());
  client.on('end', () => over.abort());
  client.on('notification', ({ payload }) => events.onText(payload ?? ''));
  try {
    await client.connect();
    await client.query(`LISTEN ${CHANNEL}`);
    events.onConnected(client);
    for (;;) {
      await pause(CHECK_EVERY_MS, until);
      if (until.aborted) break;
      // A server that is gone without a word would never end the connection.
      await client.query('SELECT 1');
    }
  } catch {
    // It is tried again, and until then the silence on the bus is noticed.
  }
  events.onOver();
  await client.end().catch(() => undefined);
}

async function pause(ms: number, until: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: until }).catch(() => undefined);
}
