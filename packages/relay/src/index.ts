/** The relay as a library: blind storage and ordering of what groups say. See SPEC.md for its rules. */
export type { ObservedCall } from './context.ts';
export { createRelay, type Relay, type RelayOptions } from './relay.ts';
export { relayRouter, type RelayRouter } from './root.ts';
export { openPostgres } from './store/postgres.ts';
export type { Db } from './store/schema.ts';
export { openSqlite } from './store/sqlite.ts';
export { StoreStartError } from './store/start-error.ts';
export { localWake } from './wake/local.ts';
export { natsBus } from './wake/nats.ts';
export { postgresBus } from './wake/postgres.ts';
export { sharedWake } from './wake/shared.ts';
export type { Wake } from './wake/wake.ts';
