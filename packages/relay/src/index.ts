/** The relay as a library: blind storage and ordering of what groups say. See SPEC.md for its rules. */
export type { Bounds } from './entrance.ts';
export type { Observe, Observed } from './observed.ts';
export { createRelay, type Relay, type RelayOptions } from './relay.ts';
export { relayRouter, type RelayRouter } from './root.ts';
export { BackupError, sqliteBackup, type StoreBackup } from './store/backup.ts';
export { problemsOf, sqliteProblems, statsOf, type Stats } from './store/check.ts';
export { openPostgres } from './store/postgres.ts';
export { removeAccount } from './store/remove-account.ts';
export { expire, type Expired } from './store/retention.ts';
export type { Db } from './store/schema.ts';
export { openSqlite } from './store/sqlite.ts';
export { StoreStartError } from './store/start-error.ts';
export { localWake } from './wake/local.ts';
export { natsBus } from './wake/nats.ts';
export { postgresBus } from './wake/postgres.ts';
export { sharedWake } from './wake/shared.ts';
export type { Wake } from './wake/wake.ts';
