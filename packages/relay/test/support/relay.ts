import { deepStrictEqual } from 'node:assert';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, inject } from 'vitest';
import type { Db } from '../../src/index.ts';
import { TestClock } from './clock.ts';
import { newDatabase } from './database.ts';
import { FaultLog, type Fault } from './fault-log.ts';
import { startInstance, type InstanceOptions } from './instance.ts';
import { startProxy } from './proxy.ts';
import type { HostedOptions } from './relay-host.ts';
import { startHosted } from './relay-processes.ts';

/** The clocks and faults of all relays of a file: as long as one that has ended may still have something to report. */
const shared = mkdtempSync(join(tmpdir(), 'qpc-relays-'));
afterAll(() => rm(shared, { recursive: true }));

let relaysSoFar = 0;

/** A real relay: HTTP on a free port, over a database of its own. With NATS, it is three processes behind a proxy. */
export interface TestRelay {
  url: string;
  /** The same, or where it is several relays, the first of them, without the proxy: it runs in the test's process. */
  direct: string;
  host: string;
  /** Each relay without the proxy. */
  instances: readonly { url: string }[];
  /** The first one's. */
  db: Db;
  /** What the database lies in; on a server, nothing. */
  folder: string;
  clock: TestClock;
  /** Faults that were reported to the operator, by whichever of them. */
  readonly faults: Fault[];
  /** One more relay on the same database, which goes by the name of the first: as the next process of it would. */
  another(): Promise<{ url: string; close(): Promise<void> }>;
  close(): Promise<void>;
}

export interface TestRelayOptions extends InstanceOptions {
  /** Of each relay to PostgreSQL; SQLite has one. */
  connections?: number;
  /**
   * How many relays. What a relay counts by itself, as rate limits are, can only be seen of one; and where there are more,
   * an option has to be something that other processes can be sent.
   */
  instances?: number;
}

export async function startRelay({
  instances = inject('natsUrl') === '' ? 1 : 3,
  connections = 5,
  observe,
  ...options
}: TestRelayOptions = {}): Promise<TestRelay> {
  if (instances > 1) assertSendable(options);
  const observing = observe && { observe };
  const database = await newDatabase();
  const name = `${++relaysSoFar}`;
  const ground = {
    databaseUrl: database.url,
    natsUrl: inject('natsUrl'),
    clockFile: join(shared, `${name}.clock`),
    faultFile: join(shared, `${name}.faults`),
  };
  const start = async (more: InstanceOptions = {}) => {
    const db = await database.open({ connections, ...observing });
    return { db, ...(await startInstance(db, ground, { ...options, ...observing, ...more })) };
  };
  const first = await start();
  // What other processes cannot be sent is not among them now.
  const hosted = { ...options, connections, isObserved: observe !== undefined } as HostedOptions;
  const others = await Promise.all(
    Array.from({ length: instances - 1 }, (_, i) =>
      startHosted(i, { ground, options: hosted, ...observing }),
    ),
  );
  const all = [first, ...others];
  const proxy = others.length > 0 ? await startProxy(all.map(({ url }) => url)) : undefined;
  const url = proxy?.url ?? first.url;
  const log = new FaultLog(ground.faultFile);
  return {
    url,
    direct: first.url,
    host: new URL(url).host,
    instances: all.map(({ url }) => ({ url })),
    db: first.db,
    folder: database.folder ?? '',
    clock: new TestClock(ground.clockFile),
    get faults() {
      return log.faults;
    },
    another: async () => {
      const { url: ownUrl, relay } = await start({ publicHosts: [new URL(url).host] });
      return { url: ownUrl, close: () => relay.close() };
    },
    close: async () => {
      await Promise.all([first.relay.close(), ...others.map((other) => other.close())]);
      await proxy?.close();
      await database.remove();
    },
  };
}

/** Functions, and objects with methods, do not get there; and nothing may be left out without a word. */
function assertSendable(options: object): void {
  try {
    deepStrictEqual(structuredClone(options), options);
  } catch (cause) {
    throw new Error('an option cannot be sent to another process: try with `instances: 1`', { cause });
  }
}
