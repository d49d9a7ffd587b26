import { Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Observe } from '../observed.ts';
import { migrate } from './migrations.ts';
import { timing } from './observe.ts';
import type { Db, Schema } from './schema.ts';
import { StoreStartError } from './start-error.ts';

/** The oldest that the tests run on. */
const OLDEST_POSTGRES = 15;

/** How long one statement may take, a wait for a lock included, before it is given up and its transaction undone. */
const STATEMENT_TIMEOUT_MS = 10_000;

export interface PostgresOptions {
  /** Connections of this process at most; all processes' together must be fewer than the server's max_connections. */
  connections?: number;
  /** Takes how long each statement took. */
  observe?: Observe;
}

/**
 * Opens a database on a PostgreSQL server and brings its tables up to date. Any number of relays may share it.
 *
 * @throws {StoreStartError} where it cannot be reached, refuses us, is too old, or may lose what it has acknowledged
 */
export async function openPostgres(
  url: string,
  { connections = 10, observe }: PostgresOptions = {},
): Promise<Db> {
  if (!URL.canParse(url))
    throw new StoreStartError(
      'STORE_REFUSED',
      'The address of PostgreSQL is malformed. Use postgres://USER:PASSWORD@HOST/DATABASE.',
    );
  // Without the time-outs: a large table's index takes longer, and so does waiting for another relay to make it.
  const first = overPool({ connectionString: url, max: 1 });
  try {
    await requireSettings(first);
    await migrate(first, 'postgres');
  } catch (error) {
    throw startErrorOf(error);
  } finally {
    await first.destroy();
  }
  return overPool(
    {
      connectionString: url,
      max: connections,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // Where the server is gone without a word, no statement's end comes.
      query_timeout: STATEMENT_TIMEOUT_MS + 5_000,
      // A relay that froze in the middle of a transaction does not keep the others from the rows that it has locked.
      idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    },
    observe,
  );
}

function overPool(config: pg.PoolConfig, observe?: Observe): Db {
  const pool = new pg.Pool({
    application_name: 'quicprochat-relay',
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
    types: ourTypes(),
    ...config,
  });
  // A connection that breaks between two queries: the next query gets another one, or the fault. Without a listener,
  // Node would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return new Kysely<Schema>({
    dialect: new PostgresDialect({ pool }),
    ...(observe && { log: timing(observe) }),
  });
}

/** All whole numbers are BIGINT, which `pg` gives as text: ours are sequences, epochs and times, and fit a number. */
function ourTypes(): pg.TypeOverrides {
  const types = new pg.TypeOverrides();
  types.setTypeParser(pg.types.builtins.INT8, (text) => {
    const number = Number(text);
    if (!Number.isSafeInteger(number)) throw new Error('a number in the database is too large');
    return number;
  });
  return types;
}

async function requireSettings(db: Db): Promise<void> {
  const { rows } = await sql<{ version: string; fsync: string; commit: string }>`
    SELECT current_setting('server_version_num') AS version, current_setting('fsync') AS fsync,
      current_setting('synchronous_commit') AS commit
  `.execute(db);
  const [settings] = rows;
  const major = Math.floor(Number(settings?.version) / 10_000);
  if (!isNewEnough(major))
    throw new StoreStartError(
      'STORE_TOO_OLD',
      `PostgreSQL ${major} is too old. Use version ${OLDEST_POSTGRES} or newer.`,
    );
  for (const [name, value] of [
    ['fsync', settings?.fsync],
    ['synchronous_commit', settings?.commit],
  ])
    if (value === 'off')
      throw new StoreStartError(
        'STORE_UNSAFE',
        `PostgreSQL runs with ${name} = off and can lose data that it has acknowledged. Switch it on.`,
      );
}

/** Whether the tests have seen this major version of PostgreSQL, or an older one. */
export function isNewEnough(major: number): boolean {
  return major >= OLDEST_POSTGRES;
}

/** The server's own words can name the user, the host and the database; they stay in the cause. */
function startErrorOf(error: unknown): StoreStartError {
  if (error instanceof StoreStartError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const options = { cause: error };
  if (code.startsWith('28') || code === '42501')
    return new StoreStartError(
      'STORE_REFUSED',
      'PostgreSQL rejects this user or password. Check QPC_DATABASE.',
      options,
    );
  if (code === '3D000')
    return new StoreStartError(
      'STORE_REFUSED',
      'PostgreSQL has no database of this name. Create it, or correct the name.',
      options,
    );
  const reason = code === '' ? '' : ` (${code})`;
  return new StoreStartError(
    'STORE_UNREACHABLE',
    `PostgreSQL cannot be reached${reason}. Check that it runs, and check its address.`,
    options,
  );
}
