import { chmodSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  diskRoom,
  localWake,
  natsBus,
  nodePlatform,
  openPostgres,
  openSqlite,
  postgresBus,
  sharedWake,
  type Db,
  type HasRoom,
  type Observe,
  type Wake,
} from '@quicprochat/relay';
import type { Env } from './env.ts';

/** Where a relay keeps its data, and how it hears of what other relays have stored there. */
export interface Store {
  db: Db;
  wake: Wake;
  /** Whether its disk has room for more; of a server’s disk the relay knows nothing. */
  hasRoom?: HasRoom;
}

type Addresses = Pick<Env, 'QPC_DATABASE' | 'QPC_NATS' | 'QPC_MIN_FREE_BYTES'>;

/** Who is told what, while the store is open. */
interface Told {
  /** How long statements take. */
  observe: Observe;
  /** That wake-ups of other relays stop to arrive, and that they come back. */
  onHearing: (isHearing: boolean) => void;
}

/** Opens what the environment names. */
export async function openStore(
  { QPC_DATABASE: database, QPC_NATS: nats, QPC_MIN_FREE_BYTES: minFreeBytes }: Addresses,
  { observe, onHearing }: Told,
): Promise<Store> {
  if (database.startsWith('postgres')) {
    const db = await openPostgres(database, { observe });
    const notify = postgresBus(database, db);
    return { db, wake: sharedWake(nats === undefined ? [notify] : [natsBus(nats), notify], onHearing) };
  }
  if (nats !== undefined)
    throw new Error(
      'QPC_NATS connects several relays on one database. Set QPC_DATABASE to postgres://…, or remove QPC_NATS.',
    );
  const path = database.slice('sqlite:'.length);
  if (path === ':memory:') return { db: await openSqlite(path, { observe }), wake: localWake() };
  const folder = dirname(path);
  makeFolder(folder);
  const hasRoom = diskRoom(folder, minFreeBytes, nodePlatform);
  return { db: await openSqlite(path, { observe }), wake: localWake(), hasRoom };
}

/** A folder that is made here is its owner's alone, whatever the umask; one that was there keeps its mode. */
function makeFolder(folder: string): void {
  const made = mkdirSync(folder, { recursive: true, mode: 0o700 });
  if (made !== undefined) chmodSync(folder, 0o700);
}
