import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  localWake,
  natsBus,
  openPostgres,
  openSqlite,
  postgresBus,
  sharedWake,
  type Db,
  type Wake,
} from '@quicprochat/relay';
import type { Env } from './env.ts';

/** Where a relay keeps its data, and how it hears of what other relays have stored there. */
export interface Store {
  db: Db;
  wake: Wake;
}

type Addresses = Pick<Env, 'QPC_DATABASE' | 'QPC_NATS'>;

/** Opens what the environment names. `onHearing` is told when wake-ups of other relays stop to arrive, and come back. */
export async function openStore(
  { QPC_DATABASE: database, QPC_NATS: nats }: Addresses,
  onHearing: (isHearing: boolean) => void,
): Promise<Store> {
  if (database.startsWith('postgres')) {
    const db = await openPostgres(database);
    const notify = postgresBus(database, db);
    return { db, wake: sharedWake(nats === undefined ? [notify] : [natsBus(nats), notify], onHearing) };
  }
  if (nats !== undefined)
    throw new Error(
      'QPC_NATS is for several relays on one database: set QPC_DATABASE to postgres://… with it.',
    );
  const path = database.slice('sqlite:'.length);
  if (path !== ':memory:') mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  return { db: await openSqlite(path), wake: localWake() };
}
