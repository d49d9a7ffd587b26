import { randomUUID } from 'node:crypto';
import { link, open, readFile, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { bareKey } from './kept-key.ts';

/**
 * A key in a file that only its owner may read. Where there is none yet, `fresh` becomes it: written and synced under
 * another name and then linked, so that a crash leaves no half of one, and the first of several processes wins.
 */
export async function keyFile(path: string, fresh?: Uint8Array): Promise<Uint8Array | undefined> {
  const present = await read(path);
  if (present !== undefined || fresh === undefined) return present;
  const draft = `${path}.${randomUUID()}`;
  try {
    await writeSynced(draft, fresh);
    await link(draft, path).catch(ignore('EEXIST'));
    await syncFolder(dirname(path));
  } finally {
    await unlink(draft).catch(ignore('ENOENT'));
  }
  return read(path);
}

async function read(path: string): Promise<Uint8Array | undefined> {
  const bytes = await readFile(path).catch(ignore('ENOENT'));
  return bytes && bareKey(new Uint8Array(bytes));
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** So that the name is there after a power cut too. Windows knows no such thing, and needs none. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function ignore(code: string) {
  return (error: NodeJS.ErrnoException): undefined => {
    if (error.code !== code) throw error;
  };
}
