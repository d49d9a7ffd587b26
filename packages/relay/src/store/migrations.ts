import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';

/** The tables, by versions: a migration that was released is never changed, a change is a new one. */
export const migrations: Record<string, Migration> = {
  '0001-first': { up: (db) => run(db, FIRST) },
  '0002-spent-key-packages': { up: (db) => run(db, SPENT_KEY_PACKAGES) },
  '0003-expiry': { up: (db) => run(db, EXPIRY) },
  '0004-welcomes-in-two-parts': { up: (db) => run(db, WELCOMES_IN_TWO_PARTS) },
  '0005-retention': { up: (db) => run(db, RETENTION) },
};

const FIRST = [
  `CREATE TABLE accounts (handle TEXT PRIMARY KEY, account_key BLOB NOT NULL)`,
  `CREATE TABLE devices (device_id TEXT PRIMARY KEY, handle TEXT NOT NULL REFERENCES accounts (handle),
    device_key BLOB NOT NULL, certificate BLOB NOT NULL)`,
  `CREATE INDEX devices_of_account ON devices (handle)`,
  `CREATE TABLE challenges (challenge BLOB PRIMARY KEY, expires_at INTEGER NOT NULL)`,
  `CREATE TABLE sessions (token_hash BLOB PRIMARY KEY, device_id TEXT NOT NULL, expires_at INTEGER NOT NULL)`,
  `CREATE TABLE key_packages (id INTEGER PRIMARY KEY, device_id TEXT NOT NULL, suite INTEGER NOT NULL,
    last_resort INTEGER NOT NULL, payload BLOB NOT NULL)`,
  `CREATE INDEX key_packages_of_device ON key_packages (device_id, suite, last_resort)`,
  `CREATE TABLE groups (group_id TEXT PRIMARY KEY, epoch INTEGER NOT NULL, sequence INTEGER NOT NULL)`,
  `CREATE TABLE epochs (group_id TEXT NOT NULL, epoch INTEGER NOT NULL, access_key BLOB NOT NULL, ended_by INTEGER,
    PRIMARY KEY (group_id, epoch))`,
  `CREATE TABLE entries (group_id TEXT NOT NULL, sequence INTEGER NOT NULL, epoch INTEGER NOT NULL, kind TEXT NOT NULL,
    entry_id TEXT NOT NULL, payload BLOB NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (group_id, sequence))`,
  `CREATE UNIQUE INDEX entries_by_id ON entries (group_id, entry_id)`,
  `CREATE TABLE welcomes (welcome_id INTEGER PRIMARY KEY, group_id TEXT NOT NULL, group_sequence INTEGER NOT NULL,
    payload BLOB NOT NULL)`,
  `CREATE TABLE inbox (device_id TEXT NOT NULL, sequence INTEGER NOT NULL, welcome_id INTEGER NOT NULL,
    PRIMARY KEY (device_id, sequence))`,
  `CREATE INDEX inbox_by_welcome ON inbox (welcome_id)`,
  `CREATE TABLE inbox_heads (device_id TEXT PRIMARY KEY, sequence INTEGER NOT NULL)`,
  `CREATE TABLE nonces (nonce BLOB PRIMARY KEY, expires_at INTEGER NOT NULL)`,
  `CREATE INDEX nonces_by_expiry ON nonces (expires_at)`,
  `CREATE TABLE tickets (ticket_hash BLOB PRIMARY KEY, subscription TEXT NOT NULL, expires_at INTEGER NOT NULL)`,
];

/** An upload that is repeated after a lost answer must not put a key package back that was claimed in between. */
const SPENT_KEY_PACKAGES = [
  `ALTER TABLE key_packages ADD COLUMN hash BLOB`,
  `CREATE UNIQUE INDEX key_packages_by_hash ON key_packages (device_id, suite, hash)`,
  `CREATE TABLE spent_key_packages (hash BLOB PRIMARY KEY)`,
];

const EXPIRY = ['challenges', 'sessions', 'tickets'].map(
  (table) => `CREATE INDEX ${table}_by_expiry ON ${table} (expires_at)`,
);

/**
 * What all joiners of a commit share is stored once, and each one's own secrets in its inbox. Welcomes of the old form
 * go: no client of this version can join by them, and who waited for one has to be added again. Nobody ran a relay in
 * earnest before this. `inbox_heads` stays, so that no sequence is used twice and clients' cursors hold.
 */
const WELCOMES_IN_TWO_PARTS = [
  `DROP TABLE inbox`,
  `DROP TABLE welcomes`,
  `CREATE TABLE welcomes (welcome_id INTEGER PRIMARY KEY, group_id TEXT NOT NULL, group_sequence INTEGER NOT NULL,
    shared BLOB NOT NULL)`,
  `CREATE TABLE inbox (device_id TEXT NOT NULL, sequence INTEGER NOT NULL, welcome_id INTEGER NOT NULL,
    secrets BLOB NOT NULL, PRIMARY KEY (device_id, sequence))`,
  `CREATE INDEX inbox_by_welcome ON inbox (welcome_id)`,
];

/** The day on which a row goes; NULL in rows of before, which get one when the relay looks for what is over. */
const RETENTION = ['key_packages', 'spent_key_packages', 'welcomes'].flatMap((table) => [
  `ALTER TABLE ${table} ADD COLUMN expires_on INTEGER`,
  `CREATE INDEX ${table}_by_expiry ON ${table} (expires_on)`,
]);

async function run(db: Kysely<unknown>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
