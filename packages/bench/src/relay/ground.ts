import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { startPostgres, startRelay } from '@quicprochat/testkit';
import { Calls } from './calls.ts';

export type Store = 'sqlite' | 'postgres';

/** A relay of its own for one part of a run, and the way to it. */
export interface Ground {
  calls: Calls;
  url: string;
  adminUrl: string;
  /** The database, where the store is SQLite. */
  sqlitePath: string;
}

/**
 * Calls that one address may have open are half of QPC_MAX_CALLS, which is 2,000 unless set: with fewer connections than
 * that, the relay never has to turn one away.
 */
export const CONNECTIONS = 256;

/** All that the relay is told apart from ports and store. The driver is one address, which rate limits would stop. */
export const RELAY_ENV = { QPC_RATE_FACTOR: '1000000', QPC_LOG_LEVEL: 'warn' } as const;

/** Starts a relay with an empty store, lets `part` use it, and stops it. */
export async function onGround<T>(store: Store, part: (ground: Ground) => Promise<T>): Promise<T> {
  const postgres = store === 'postgres' ? await startPostgres() : undefined;
  try {
    const relay = await startRelay({
      env: { ...RELAY_ENV, ...(postgres && { QPC_DATABASE: postgres.url }) },
    });
    using calls = new Calls(relay.url, CONNECTIONS);
    try {
      return await part({
        calls,
        url: relay.url,
        adminUrl: relay.adminUrl,
        sqlitePath: join(relay.folder, 'relay.db'),
      });
    } finally {
      await relay.stop();
      await rm(relay.folder, { recursive: true, force: true });
    }
  } finally {
    await postgres?.remove();
  }
}
