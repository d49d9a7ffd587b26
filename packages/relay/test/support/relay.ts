import { createRelay, localWake, type Db, type RelayOptions } from '../../src/index.ts';
import { newDatabase } from './database.ts';

/** A clock that stands until a test moves it. */
export class TestClock {
  #offsetMs = 0;
  readonly now = (): number => Date.now() + this.#offsetMs;
  advance(ms: number): void {
    this.#offsetMs += ms;
  }
}

/** A real relay: HTTP on a free port, over a database of its own. */
export interface TestRelay {
  url: string;
  host: string;
  db: Db;
  clock: TestClock;
  /** Faults that were reported to the operator. */
  faults: unknown[];
  close(): Promise<void>;
}

interface TestRelayOptions extends Partial<Omit<RelayOptions, 'db'>> {
  /** To PostgreSQL; SQLite has one. */
  connections?: number;
}

export async function startRelay({ connections = 5, ...options }: TestRelayOptions = {}): Promise<TestRelay> {
  const database = await newDatabase();
  const db = await database.open({ connections });
  const clock = new TestClock();
  const faults: unknown[] = [];
  const relay = createRelay({
    wake: localWake(),
    origins: ['http://localhost:3000'],
    now: clock.now,
    report: (_incident, error) => faults.push(error),
    ...options,
    db,
  });
  const url = await relay.listen({ host: '127.0.0.1', port: 0 });
  return {
    url,
    host: new URL(url).host,
    db,
    clock,
    faults,
    close: async () => {
      await relay.close();
      await database.remove();
    },
  };
}
