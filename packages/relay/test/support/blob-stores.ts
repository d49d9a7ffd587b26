import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isHere, s3Missing, startS3, type S3Server } from '@quicprochat/testkit';
import { afterAll, beforeAll } from 'vitest';
import type { BlobStore } from '../../src/index.ts';
import { openBlobStore, type BlobStoreAt } from './blob-store-at.ts';
import { TestGroup } from './group.ts';
import { startRelay, type TestRelay } from './relay.ts';

/** A store of blobs of a test's own. */
export interface TestBlobStore {
  at: BlobStoreAt;
  /** Opens it anew, as another relay does. */
  open(): Promise<BlobStore>;
  /** Where its bytes lie as files, whatever kind it is. */
  folder: string;
  remove(): Promise<void>;
}

export async function newFolder(): Promise<TestBlobStore> {
  const root = await mkdtemp(join(tmpdir(), 'qpc-blobs-'));
  const folder = join(root, 'blobs');
  const at = { folder };
  return {
    at,
    folder,
    open: () => openBlobStore(at),
    remove: () => rm(root, { recursive: true, force: true }),
  };
}

export async function newS3(): Promise<TestBlobStore & { server: S3Server }> {
  const server = await startS3();
  const { endpoint, region, bucket, accessKeyId, secretAccessKey } = server;
  const at = { s3: { endpoint, region, bucket, accessKeyId, secretAccessKey, prefix: 'relay/' } };
  return {
    server,
    at,
    folder: server.folder,
    open: () => openBlobStore(at),
    remove: () => server.remove(),
  };
}

/** Every kind that can be had here. */
export const KINDS: readonly [string, () => Promise<TestBlobStore>][] = [
  ['a folder', newFolder],
  ...(isHere(s3Missing) ? [['S3', newS3] satisfies [string, () => Promise<TestBlobStore>]] : []),
];

/** A store of blobs, a relay over it and a group there, for all tests of a file or of a `describe`. */
export function withBlobs(
  start: () => Promise<TestBlobStore>,
  take: (parts: { store: TestBlobStore; relay: TestRelay; group: TestGroup }) => void,
): void {
  let end: () => Promise<void>;
  beforeAll(async () => {
    const store = await start();
    const relay = await startRelay({ blobs: store.at });
    take({ store, relay, group: await new TestGroup(relay.url).create() });
    end = async () => {
      await relay.close();
      await store.remove();
    };
  });
  afterAll(() => end());
}
