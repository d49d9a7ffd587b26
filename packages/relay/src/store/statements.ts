import type Database from 'better-sqlite3';
import type { CompiledQuery, QueryResult } from 'kysely';
import type { Observe } from '../observed.ts';
import type { RelayPlatform } from '../platform.ts';

/** More texts than there are queries: those with lists in them have one for each length. */
const MOST_PREPARED = 256;

/** Carries out statements on one connection to SQLite. What was prepared once is used again: that takes longer than a small query. */
export class Statements {
  readonly #database: Database.Database;
  readonly #observe: Observe | undefined;
  readonly #platform: RelayPlatform;
  readonly #prepared = new Map<string, Database.Statement>();

  constructor(
    database: Database.Database,
    { observe, platform }: { observe: Observe | undefined; platform: RelayPlatform },
  ) {
    this.#database = database;
    this.#observe = observe;
    this.#platform = platform;
  }

  get database(): Database.Database {
    return this.#database;
  }

  run(query: CompiledQuery): QueryResult<never> {
    const kind = query.query.kind === 'SelectQueryNode' ? 'read' : 'write';
    return this.#timed(kind, () => {
      // Some pragmas do what they do while they are prepared: a text that we did not write is prepared each time.
      const statement =
        query.query.kind === 'RawNode' ? this.#database.prepare(query.sql) : this.#prepare(query.sql);
      if (statement.reader) return { rows: statement.all(query.parameters) as never[] };
      const { changes, lastInsertRowid } = statement.run(query.parameters);
      return { rows: [], numAffectedRows: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    });
  }

  /** Waits for the disk. */
  commit(): void {
    this.#timed('commit', () => this.control('commit'));
  }

  /** A statement about the transaction, and not about what is stored. */
  control(sql: string): void {
    this.#prepare(sql).run();
  }

  #prepare(sql: string): Database.Statement {
    const known = this.#prepared.get(sql);
    if (known !== undefined) return known;
    const [oldest] = this.#prepared.keys();
    if (oldest !== undefined && this.#prepared.size >= MOST_PREPARED) this.#prepared.delete(oldest);
    const statement = this.#database.prepare(sql);
    this.#prepared.set(sql, statement);
    return statement;
  }

  #timed<T>(kind: 'read' | 'write' | 'commit', statement: () => T): T {
    const startMs = this.#platform.elapsedMs();
    try {
      return statement();
    } finally {
      this.#observe?.({ type: 'query', kind, durationMs: this.#platform.elapsedMs() - startMs });
    }
  }
}
