import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, open, rename, rm, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BlobStoreFault, type BlobStore, type PartName } from './blob-store.ts';

/**
 * Blobs in a folder of the machine's, or one that several machines share: a folder for each blob, a file for each part.
 * All of it is the relay's own user's, whatever the umask. Of the disk, so many bytes are left to others, the database of
 * messages among them: a part that would take of these is refused as on a full disk.
 */
export async function openFolder(root: string, minFreeBytes = 0): Promise<BlobStore> {
  await faulty('cannot be opened', makePrivate(root));
  return {
    put: (part, bytes) => faulty('cannot write', put(root, minFreeBytes, part, bytes)),
    read: (part, { start, end }) => read(fileOf(root, part), start, end),
    remove: (part) => faulty('cannot delete', rm(fileOf(root, part), { force: true })),
    removeAll: (blobId) =>
      faulty('cannot delete', rm(folderOf(root, blobId), { force: true, recursive: true })),
  };
}

/** Written beside its place, brought to the disk, and only then put there. */
async function put(root: string, minFreeBytes: number, part: PartName, bytes: Uint8Array): Promise<void> {
  await expectRoom(root, bytes.length + minFreeBytes);
  const folder = folderOf(root, part.blobId);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const unfinished = join(folder, `${part.name}.${randomBytes(4).toString('hex')}.unfinished`);
  try {
    const file = await open(unfinished, 'wx', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(unfinished, fileOf(root, part));
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
  // The names are on the disk when the folders are that hold them.
  for (const holder of [folder, dirname(folder), root]) await sync(holder);
}

async function expectRoom(root: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(root);
  if (bavail * bsize < bytes)
    throw Object.assign(new Error('the disk has too little free space'), { code: 'ENOSPC' });
}

async function* read(file: string, start: number, end: number): AsyncGenerator<Uint8Array> {
  if (end <= start) return;
  try {
    for await (const chunk of createReadStream(file, { start, end: end - 1 })) yield chunk as Buffer;
  } catch (error) {
    throw new BlobStoreFault('cannot read', { cause: error });
  }
}

async function makePrivate(root: string): Promise<void> {
  const made = await mkdir(root, { recursive: true, mode: 0o700 });
  if (made !== undefined) await chmod(root, 0o700);
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Spread over 256 folders: one with a million names in it is slow on some file systems. */
function folderOf(root: string, blobId: string): string {
  return join(root, blobId.slice(0, 2), blobId);
}

function fileOf(root: string, { blobId, name }: PartName): string {
  return join(folderOf(root, blobId), name);
}

async function faulty<T>(what: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw new BlobStoreFault(what, { cause: error });
  }
}
