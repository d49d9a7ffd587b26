import { inject } from 'vitest';
import {
  createRelay,
  localWake,
  natsBus,
  postgresBus,
  sharedWake,
  type Db,
  type RelayOptions,
  type Wake,
} from '../../src/index.ts';
import { newDatabase, type TestDatabase } from './database.ts';
import { startProxy } from './proxy.ts';

/** A clock that stands until a test moves it. */
export class TestClock {
  #offsetMs = 0;
  readonly now = (): number => Date.now() + this.#offsetMs;
  advance(ms: number): void {
    this.#offsetMs += ms;
  }
}

/** A real relay: HTTP on a free port, over a database of its own. With NATS, it is three of them behind a proxy. */
export interface TestRelay {
  url: string;
  /** The same, or where it is several relays, one of them without the proxy. */
  direct: string;
  host: string;
  db: Db;
  /** What the database lies in; on a server, nothing. */
  folder: string;
  clock: TestClock;
  /** Faults that were reported to the operator. */
  faults: unknown[];
  /** One more relay on the same database, which goes by the name of the first: as the next process of it would. */
  another(): Promise<{ url: string; close(): Promise<void> }>;
  close(): Promise<void>;
}

export interface TestRelayOptions extends Partial<Omit<RelayOptions, 'db'>> {
  /** Of each relay to PostgreSQL; SQLite has one. */
  connections?: number;
  /** How many relays. What a relay counts by itself, as rate limits are, can only be seen of one. */
  instances?: number;
}

export async function startRelay({
  connections = 5,
  instances = inject('natsUrl') === '' ? 1 : 3,
  ...options
}: TestRelayOptions = {}): Promise<TestRelay> {
  const database = await newDatabase();
  const clock = new TestClock();
  const faults: unknown[] = [];
  const start = async (more: Partial<RelayOptions> = {}) => {
    const db = await database.open({ connections, ...(options.observe && { observe: options.observe }) });
    const relay = createRelay({
      wake: wakeOf(database, db),
      origins: ['http://localhost:3000'],
      now: clock.now,
      // Tests that wait for a stream's end would wait for half a minute.
      idleStreamMs: 50,
      report: (_incident, error) => faults.push(error),
      ...options,
      ...more,
      db,
    });
    return { db, relay, url: await relay.listen({ host: '127.0.0.1', port: 0 }) };
  };
  const first = await start();
  const others = await Promise.all(Array.from({ length: instances - 1 }, () => start()));
  const all = [first, ...others];
  const proxy = others.length > 0 ? await startProxy(all.map(({ url }) => url)) : undefined;
  const url = proxy?.url ?? first.url;
  return {
    url,
    direct: first.url,
    host: new URL(url).host,
    db: first.db,
    folder: database.folder ?? '',
    clock,
    faults,
    another: async () => {
      const { url: ownUrl, relay } = await start({ publicHosts: [new URL(url).host] });
      return { url: ownUrl, close: () => relay.close() };
    },
    close: async () => {
      await Promise.all(all.map(({ relay }) => relay.close()));
      await proxy?.close();
      await database.remove();
    },
  };
}

/** As the process chooses it: NATS where there is one, else the database, else within the process. */
function wakeOf({ url }: TestDatabase, db: Db): Wake {
  if (url === undefined) return localWake();
  const nats = inject('natsUrl');
  return sharedWake(nats === '' ? [postgresBus(url, db)] : [natsBus([nats]), postgresBus(url, db)]);
}
