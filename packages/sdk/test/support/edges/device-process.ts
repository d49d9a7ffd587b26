/**
 * A client in a process of its own, which obeys the orders that it is sent.
 *
 * Arguments: the database, the relay and the handle.
 */
import { flushCompileCache } from 'node:module';
import { Client } from '../../../src/api/client.ts';
import { sqliteStorage } from '../../../src/storage/sqlite.ts';
import { Driver, type Order, type Report, type Snapshot } from './driver.ts';

export type ToProcess = { order: Order } | { ask: number; hasLines: boolean };
export type FromProcess =
  { ready: true } | { failed: string } | { report: Report } | { answer: number; snapshot: Snapshot };

const [path = '', relay = '', handle = ''] = process.argv.slice(2);
const say = (message: FromProcess) => process.send?.(message);

try {
  const client = await Client.create({ relay, handle, storage: sqliteStorage(path) });
  const driver = new Driver(client, (report) => say({ report }));
  process.on('message', (message: ToProcess) => {
    if ('order' in message) driver.obey(message.order);
    else void driver.snapshot(message).then((snapshot) => say({ answer: message.ask, snapshot }));
  });
  say({ ready: true });
  // Whoever is killed does not keep what it has compiled.
  flushCompileCache();
} catch (error) {
  say({ failed: String(error) });
  process.exitCode = 1;
  process.disconnect();
}
