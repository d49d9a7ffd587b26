import {
  createRelay,
  localWake,
  natsBus,
  nodePlatform,
  postgresBus,
  sharedWake,
  type BlobStore,
  type Db,
  type Relay,
  type RelayOptions,
  type Wake,
} from '../../src/index.ts';
import { openBlobStore, type BlobStoreAt } from './blob-store-at.ts';
import { TestClock } from './clock.ts';
import { FaultLog } from './fault-log.ts';

/** What all relays of one test share. */
export interface Ground {
  /** Where the database is on a server. */
  databaseUrl?: string | undefined;
  /** Empty where there is no NATS. */
  natsUrl: string;
  clockFile: string;
  faultFile: string;
}

export interface InstanceOptions extends Partial<Omit<RelayOptions, 'db' | 'report' | 'blobs'>> {
  blobs?: BlobStoreAt | BlobStore | undefined;
}

/** One relay, in the process that calls this. */
export async function startInstance(
  db: Db,
  ground: Ground,
  { blobs, ...options }: InstanceOptions,
): Promise<{ relay: Relay; url: string }> {
  const relay = createRelay({
    wake: wakeOf(ground, db),
    origins: ['http://localhost:3000'],
    platform: { ...nodePlatform, now: new TestClock(ground.clockFile).now },
    // Tests that wait for a stream's end would wait for half a minute.
    idleStreamMs: 50,
    report: new FaultLog(ground.faultFile).report,
    ...options,
    blobs: blobs === undefined || 'put' in blobs ? blobs : await openBlobStore(blobs),
    db,
  });
  return { relay, url: await relay.listen({ host: '127.0.0.1', port: 0 }) };
}

/** As an operator chooses it: NATS where there is one, else the database, else within the process. */
function wakeOf({ databaseUrl, natsUrl }: Ground, db: Db): Wake {
  if (databaseUrl === undefined) return localWake();
  const notify = postgresBus(databaseUrl, db);
  return sharedWake(natsUrl === '' ? [notify] : [natsBus([natsUrl]), notify]);
}
