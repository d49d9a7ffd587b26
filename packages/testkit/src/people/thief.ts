import { cp, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A copy of a device's folder, as someone makes who gets at the disk for a moment. */
export async function stolenCopy(folder: string): Promise<string> {
  const loot = await mkdtemp(join(tmpdir(), 'qpc-thief-'));
  await cp(folder, loot, { recursive: true });
  return loot;
}
