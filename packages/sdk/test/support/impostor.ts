import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { expect } from 'vitest';
import type { Client } from '../../src/api/client.ts';
import type { people } from './people.ts';

/** What a hostile relay does: forgets an account, so that somebody else can register its handle. */
export async function impostorOf(client: Client, town: ReturnType<typeof people>): Promise<Client> {
  const database = new Sqlite(join(town.relay().folder, 'relay.db'), { timeout: 5_000 });
  const forget = (table: string, column: string, value: string) =>
    database.prepare(`DELETE FROM ${table} WHERE ${column} = ?`).run(value).changes;
  forget('key_packages', 'device_id', client.deviceId);
  forget('devices', 'handle', client.handle);
  expect(forget('accounts', 'handle', client.handle)).toBe(1);
  database.close();
  const impostor = await town.open({ handle: client.handle });
  expect(impostor.accountKey).not.toEqual(client.accountKey);
  return impostor;
}
