import { chmod, open, stat } from 'node:fs/promises';

const OTHERS = 0o077;

/** Creates an empty file for its owner alone, unless there is something at the path already. */
export async function createPrivate(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close();
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/**
 * Takes a file's rights away from everyone but its owner. Does nothing if there is no such file. Another user's file
 * stays as it is: that user decides who may read it, and may share it on purpose. So does a file on a file system without
 * rights, such as FAT. On Windows, the folder's access list decides.
 */
export async function keepPrivate(path: string): Promise<void> {
  if (process.getuid === undefined) return;
  try {
    const file = await stat(path);
    const isOwn = file.isFile() && file.uid === process.getuid();
    if (isOwn && (file.mode & OTHERS) !== 0) await chmod(path, file.mode & 0o777 & ~OTHERS);
  } catch (error) {
    if (!['ENOENT', 'EPERM'].includes(codeOf(error))) throw error;
  }
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? '';
}
