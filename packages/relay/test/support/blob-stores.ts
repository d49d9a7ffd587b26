import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { s3Missing, startS3, type S3Server } from '@quicprochat/testkit';
import { openFolder, openS3, type BlobStore } from '../../src/index.ts';

/** A store of blobs of a test's own. */
export interface TestBlobStore {
  /** Opens it anew, as another relay does. */
  open(): Promise<BlobStore>;
  /** Where its bytes lie as files, whatever kind it is. */
  folder: string;
  remove(): Promise<void>;
}

export async function newFolder(): Promise<TestBlobStore> {
  const root = await mkdtemp(join(tmpdir(), 'qpc-blobs-'));
  const folder = join(root, 'blobs');
  return {
    folder,
    open: () => openFolder(folder),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

export async function newS3(): Promise<TestBlobStore & { server: S3Server }> {
  const server = await startS3();
  return {
    server,
    folder: server.folder,
    open: () => openS3({ ...server, prefix: 'relay/' }),
    remove: () => server.remove(),
  };
}

/** Every kind that can be had here. */
export const KINDS: readonly [string, () => Promise<TestBlobStore>][] =
  s3Missing === undefined
    ? [
        ['a folder', newFolder],
        ['S3', newS3],
      ]
    : [['a folder', newFolder]];

if (s3Missing !== undefined) {
  if (process.env['CI']) throw new Error(s3Missing);
  console.warn(s3Missing);
}
