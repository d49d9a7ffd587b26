import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { blobPath } from '@quicprochat/protocol';
import { Upload, type UploadOptions } from 'tus-js-client';
import { expect, test } from 'vitest';
import { newFolder, withBlobs } from '../support/blob-stores.ts';
import { TestBlob } from '../support/blob.ts';
import { TestGroup } from '../support/group.ts';
import { startProxy } from '../support/proxy.ts';
import type { TestRelay } from '../support/relay.ts';

const MIB = 1024 * 1024;

let relay: TestRelay;
withBlobs(newFolder, (parts) => ({ relay } = parts));

/** An upload with tus' own client, of a blob that was created; resolves when it is done. */
function uploadWith(url: string, blob: TestBlob, options: UploadOptions = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const upload = new Upload(Readable.from(chunksOf(blob.bytes)), {
      uploadUrl: url + blobPath(blob.id),
      uploadSize: blob.bytes.length,
      headers: { authorization: `Bearer ${blob.uploadToken}` },
      chunkSize: MIB,
      retryDelays: [0, 50, 100, 200],
      ...options,
      onSuccess: () => resolve(),
      onError: reject,
    });
    upload.start();
  });
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

const newBlob = async () => {
  const group = await new TestGroup(relay.url).create();
  return new TestBlob(relay.url, group, randomBytes(7 * MIB + 5)).create({ sha256: 'right' });
};

test('RLY-82 the ordinary client of tus uploads a blob', async () => {
  const blob = await newBlob();
  await uploadWith(relay.url, blob);
  expect((await blob.download()).equals(blob.bytes)).toBe(true);
});

test('RLY-82 the ordinary client of tus goes on by itself over connections that break', async () => {
  const blob = await newBlob();
  const proxy = await startProxy([relay.url]);
  let breaks = 0;
  await uploadWith(proxy.url, blob, {
    onChunkComplete: (_size, accepted) => {
      if (accepted < 2 * MIB || breaks > 0) return;
      breaks += 1;
      proxy.cut();
    },
  });
  await proxy.close();
  expect(breaks).toBe(1);
  expect((await blob.download()).equals(blob.bytes)).toBe(true);
});
