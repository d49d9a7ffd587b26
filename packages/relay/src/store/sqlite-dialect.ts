import type Database from 'better-sqlite3';
import {
  SqliteAdapter,
  SqliteDialect,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Driver,
  type QueryResult,
  type SelectModifierNode,
} from 'kysely';
import type { Observe } from '../observed.ts';
import type { RelayPlatform } from '../platform.ts';
import { GroupCommit, type Turn } from './group-commit.ts';
import { Statements } from './statements.ts';

interface Connections {
  writer: Database.Database;
  /** Sees what is committed and nothing else. A database in memory has one connection, and no reader. */
  reader: Database.Database | undefined;
  observe: Observe | undefined;
  platform: RelayPlatform;
}

/** SQLite whose writes share commits. Whoever writes has it on the disk when the promise is kept. */
export class GroupCommitDialect extends SqliteDialect {
  readonly #connections: Connections;

  constructor(connections: Connections) {
    super({ database: connections.writer });
    this.#connections = connections;
  }

  override createDriver(): Driver {
    return new GroupCommitDriver(this.#connections);
  }

  /** SQLite has no row locks and needs none, as all writes wait for each other: queries that ask for one do without. */
  override createQueryCompiler() {
    return new (class extends SqliteQueryCompiler {
      protected override visitSelectModifier(node: SelectModifierNode): void {
        if (node.modifier !== 'ForUpdate') super.visitSelectModifier(node);
      }
    })();
  }

  override createAdapter() {
    return new (class extends SqliteAdapter {
      /** Kysely does not have to keep them apart: the driver does. */
      override get supportsMultipleConnections() {
        return true;
      }
    })();
  }
}

class GroupCommitDriver implements Driver {
  readonly #writer: Statements;
  readonly #reader: Statements | undefined;
  readonly #commits: GroupCommit;

  constructor({ writer, reader, observe, platform }: Connections) {
    this.#writer = new Statements(writer, { observe, platform });
    this.#reader = reader && new Statements(reader, { observe, platform });
    this.#commits = new GroupCommit(this.#writer, platform);
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<Connection> {
    return new Connection(this.#writer, this.#reader, this.#commits);
  }

  async releaseConnection(): Promise<void> {}

  beginTransaction(connection: Connection): Promise<void> {
    return connection.begin();
  }

  commitTransaction(connection: Connection): Promise<void> {
    return connection.commit();
  }

  rollbackTransaction(connection: Connection): Promise<void> {
    return connection.rollback();
  }

  /** After what is still to be committed. */
  async destroy(): Promise<void> {
    await this.#commits.alone(() => {
      this.#reader?.database.close();
      this.#writer.database.close();
    });
  }
}

/** What one query or transaction has of the database. */
class Connection implements DatabaseConnection {
  readonly #writer: Statements;
  readonly #reader: Statements | undefined;
  readonly #commits: GroupCommit;
  /** While a transaction goes on. */
  #turn: Turn | undefined;

  constructor(writer: Statements, reader: Statements | undefined, commits: GroupCommit) {
    this.#writer = writer;
    this.#reader = reader;
    this.#commits = commits;
  }

  async executeQuery<Row>(query: CompiledQuery): Promise<QueryResult<Row>> {
    if (this.#turn !== undefined) return this.#turn.run(() => this.#writer.run(query));
    switch (query.query.kind) {
      case 'SelectQueryNode':
        return this.#reader?.run(query) ?? this.#commits.alone(() => this.#writer.run(query));
      case 'InsertQueryNode':
      case 'UpdateQueryNode':
      case 'DeleteQueryNode':
        return this.#write(query);
      default:
        return this.#commits.alone(() => this.#writer.run(query));
    }
  }

  async *streamQuery<Row>(query: CompiledQuery): AsyncIterableIterator<QueryResult<Row>> {
    yield await this.executeQuery<Row>(query);
  }

  async begin(): Promise<void> {
    const turn = await this.#commits.turn();
    try {
      turn.mark();
      this.#turn = turn;
    } catch (error) {
      await turn.end();
      throw error;
    }
  }

  async commit(): Promise<void> {
    const turn = this.#endTurn();
    try {
      turn?.keep();
    } finally {
      await turn?.end();
    }
  }

  /** Also after a commit that failed, when there is nothing left to undo. */
  async rollback(): Promise<void> {
    const turn = this.#endTurn();
    try {
      turn?.undo();
    } finally {
      await turn?.end();
    }
  }

  #endTurn(): Turn | undefined {
    const turn = this.#turn;
    this.#turn = undefined;
    return turn;
  }

  /** One statement is all or nothing by itself. */
  async #write(query: CompiledQuery): Promise<QueryResult<never>> {
    const turn = await this.#commits.turn();
    try {
      return turn.run(() => this.#writer.run(query));
    } finally {
      await turn.end();
    }
  }
}
