/** The part of the SDK that only Node has: `@quicprochat/sdk/node`. */
export { sqliteStorage } from './storage/sqlite.ts';
