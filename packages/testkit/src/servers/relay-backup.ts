import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RelayProcess } from './relay-process.ts';

/** A copy of a relay's database of this moment. Restoring it takes the relay back there, with all that it did since undone. */
export async function backUpRelay(relay: RelayProcess): Promise<{ restore(): Promise<void> }> {
  const copy = await mkdtemp(join(tmpdir(), 'qpc-backup-'));
  await relay.stop();
  await copyDatabase(relay.folder, copy);
  await relay.start();
  return {
    restore: async () => {
      await relay.stop();
      for (const file of await databaseFiles(relay.folder)) await rm(join(relay.folder, file));
      await copyDatabase(copy, relay.folder);
      await relay.start();
    },
  };
}

async function copyDatabase(from: string, to: string): Promise<void> {
  for (const file of await databaseFiles(from)) await cp(join(from, file), join(to, file));
}

async function databaseFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((name) => name.startsWith('relay.db'));
}
