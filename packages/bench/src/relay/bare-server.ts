import type { AddressInfo } from 'node:net';
import { setImmediate as nextRound } from 'node:timers/promises';
import Database from 'better-sqlite3';
import Fastify from 'fastify';

/**
 * The least that a durable send can be, in a process of its own: a route of Fastify's that stores the message in SQLite,
 * with the relay's settings and with commits that calls share. It checks nothing, orders nothing and signs nothing.
 */
const [path = ''] = process.argv.slice(2);
const database = new Database(path);
database.pragma('journal_mode = WAL');
database.pragma('synchronous = FULL');
database.exec('CREATE TABLE entries (id TEXT PRIMARY KEY, payload BLOB NOT NULL)');
const begin = database.prepare('BEGIN IMMEDIATE');
const insert = database.prepare('INSERT INTO entries VALUES (?, ?)');
const commit = database.prepare('COMMIT');

let shared: Promise<void> | undefined;

/** Begins a transaction, unless one is open, and resolves when it is on the disk. */
function transaction(): Promise<void> {
  if (shared === undefined) begin.run();
  shared ??= nextRound().then(() => {
    shared = undefined;
    commit.run();
  });
  return shared;
}

const server = Fastify();
server.post<{ Body: { id: string; message: string } }>('/trpc/bare', async ({ body: { id, message } }) => {
  const stored = transaction();
  insert.run(id, Buffer.from(message, 'base64url'));
  await stored;
  return { result: { data: { id } } };
});
server.post('/trpc/usage', async () => ({ result: { data: process.cpuUsage() } }));

await server.listen({ host: '127.0.0.1', port: 0 });
process.send?.({ port: (server.server.address() as AddressInfo).port });
