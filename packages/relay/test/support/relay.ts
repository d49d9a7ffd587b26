import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createRelay, localWake, openSqlite, type Db, type RelayOptions } from '../../src/index.ts';

/** A clock that stands until a test moves it. */
export class TestClock {
  #offsetMs = 0;
  readonly now = (): number => Date.now() + this.#offsetMs;
  advance(ms: number): void {
    this.#offsetMs += ms;
  }
}

/** A real relay: HTTP on a free port, SQLite in a file of its own. */
export interface TestRelay {
  url: string;
  host: string;
  db: Db;
  /** Where the database lies. */
  folder: string;
  clock: TestClock;
  /** Faults that were reported to the operator. */
  faults: unknown[];
  close(): Promise<void>;
}

export async function startRelay(options: Partial<RelayOptions> = {}): Promise<TestRelay> {
  const folder = mkdtempSync(join(tmpdir(), 'qpc-relay-test-'));
  const db = options.db ?? (await openSqlite(join(folder, 'relay.db')));
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
    folder,
    clock,
    faults,
    close: async () => {
      await relay.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
