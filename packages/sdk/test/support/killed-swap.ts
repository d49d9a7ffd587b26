/**
 * A process that changes what is kept of a store key, and is killed at one of the steps that this takes on the disk. Of
 * what it would have written in that step, half is written.
 *
 * Arguments: the database, the number of the step, what is kept now, and what to keep instead; both in base64.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { sqliteStorage } from '../../src/storage/sqlite.ts';

const [path = '', step = '', from = '', to = ''] = process.argv.slice(2);
const STEPS = [
  'openSync',
  'writeSync',
  'fsyncSync',
  'closeSync',
  'renameSync',
  'linkSync',
  'rmSync',
] as const;

const storage = await sqliteStorage(path);
let steps = 0;
for (const name of STEPS) {
  const original = fs[name] as (...args: unknown[]) => unknown;
  const wrapped = (...args: unknown[]) => {
    if (steps++ === Number(step)) {
      const [file, bytes] = args;
      if (name === 'writeSync')
        original(file, (bytes as Uint8Array).subarray(0, (bytes as Uint8Array).length >> 1));
      process.kill(process.pid, 'SIGKILL');
    }
    return original(...args);
  };
  Object.assign(fs, { [name]: wrapped });
}
syncBuiltinESMExports();

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const isDone = await storage.keySlots?.swap({ bytes: bytesOf(to) }, from === '' ? undefined : bytesOf(from));
process.exit(isDone === true ? 0 : 1);
