import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { openPostgres, openSqlite, type Db, type Observe } from '../../src/index.ts';

interface OpenOptions {
  connections?: number;
  /** Takes what statements are carried out. */
  observe?: Observe;
}

/** A database of its own on the store that this project tests. */
export interface TestDatabase {
  /** Its address, where it is on a server. */
  readonly url?: string;
  /** What its file lies in, where it is one. */
  readonly folder?: string;
  open(options?: OpenOptions): Promise<Db>;
  /** Deletes it, once all that was opened is closed. */
  remove(): Promise<void>;
}

export async function newDatabase(): Promise<TestDatabase> {
  if (inject('store') === 'postgres') return newPostgres(inject('postgresUrl'));
  const folder = await mkdtemp(join(tmpdir(), 'qpc-relay-test-'));
  return {
    folder,
    open: ({ observe } = {}) => openSqlite(join(folder, 'relay.db'), { ...(observe && { observe }) }),
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

export async function newPostgres(serverUrl: string): Promise<TestDatabase & { url: string }> {
  const name = `qpc_${randomBytes(8).toString('hex')}`;
  await run(serverUrl, `CREATE DATABASE ${name}`);
  const url = new URL(serverUrl);
  url.pathname = name;
  return {
    url: url.href,
    open: (options) => openPostgres(url.href, { connections: 5, ...options }),
    remove: () => run(serverUrl, `DROP DATABASE ${name} WITH (FORCE)`),
  };
}

/** One statement of an operator's. */
async function run(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
