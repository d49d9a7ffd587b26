/** What only Node has: `@quicprochat/sdk/node`. */
export { sqliteStorage } from './storage/sqlite.ts';
