import { once } from 'node:events';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobPath } from '@quicprochat/protocol';
import { s3Missing } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { BlobStoreFault, openFolder, openS3 } from '../../src/index.ts';
import { newFolder, newS3 } from '../support/blob-stores.ts';
import { newBlob, refusalIn } from '../support/blob.ts';
import { TestGroup } from '../support/group.ts';
import { startRelay } from '../support/relay.ts';

/** A store whose bytes cannot be reached for a while. */
interface Breakable {
  start: typeof newFolder;
  break: () => Promise<void> | void;
  mend: () => Promise<void> | void;
}

function breakableFolder(): Breakable {
  let folder = '';
  return {
    start: async () => {
      const store = await newFolder();
      ({ folder } = store);
      return store;
    },
    // As where a disk is not mounted any more.
    break: () => {
      renameSync(folder, `${folder}.away`);
      writeFileSync(folder, '');
    },
    mend: () => {
      rmSync(folder);
      renameSync(`${folder}.away`, folder);
    },
  };
}

function breakableS3(): Breakable {
  let server: Awaited<ReturnType<typeof newS3>>['server'] | undefined;
  return {
    start: async () => {
      const store = await newS3();
      ({ server } = store);
      return store;
    },
    break: () => server?.kill(),
    mend: () => server?.start(),
  };
}

const BREAKABLE: [string, () => Breakable][] = [
  ['a folder', breakableFolder],
  ...(s3Missing === undefined ? [['S3', breakableS3] as [string, () => Breakable]] : []),
];

test.each(BREAKABLE)(
  'RLY-88 while %s is away, uploads and downloads are UNAVAILABLE, nothing is lost, and then they go on',
  async (_kind, newBreakable) => {
    const breakable = newBreakable();
    const store = await breakable.start();
    const relay = await startRelay({ blobs: store.at });
    try {
      const group = await new TestGroup(relay.url).create();
      const whole = await newBlob(relay.url, group, 3_000_000).upload();
      const half = await newBlob(relay.url, group, 3_000_000).create();
      await half.patch(0, 100_000);
      const token = await whole.open();

      await breakable.break();
      for (const response of [await half.patch(100_000), await whole.get(token)]) {
        const refusal = await refusalIn(response);
        expect(refusal).toMatchObject({ status: 503, code: 'UNAVAILABLE', retryable: true });
        for (const secret of [store.folder, 'ENOTDIR', 'ECONNREFUSED'])
          expect(JSON.stringify(refusal)).not.toContain(secret);
      }
      expect(relay.faults.length).toBeGreaterThan(0);
      // Messages go on meanwhile.
      expect(await group.post('text')).toBe(1);
      expect(await half.offset()).toBe(100_000);

      await breakable.mend();
      expect((await half.patch(100_000)).status).toBe(204);
      for (const blob of [whole, half]) expect((await blob.download()).equals(blob.bytes)).toBe(true);
    } finally {
      await relay.close();
      await store.remove();
    }
  },
);

test('RLY-88 where a folder’s disk has less left than is to be left, uploads are UNAVAILABLE, and all else goes on', async () => {
  const store = await newFolder();
  const roomy = await startRelay({ blobs: store.at });
  const whole = await newBlob(roomy.url, await new TestGroup(roomy.url).create(), 3_000_000).upload();
  expect((await whole.download()).equals(whole.bytes)).toBe(true);
  await roomy.close();

  // More than any disk has.
  const relay = await startRelay({ blobs: await openFolder(store.folder, 2 ** 60), instances: 1 });
  try {
    const group = await new TestGroup(relay.url).create();
    const blob = await newBlob(relay.url, group, 100_000).create();
    expect(await refusalIn(await blob.patch(0))).toMatchObject({ status: 503, code: 'UNAVAILABLE' });
    expect(await blob.offset()).toBe(0);
    expect(relay.faults).toMatchObject([{ error: expect.stringContaining('ENOSPC') as string }]);
    expect(await group.post('text')).toBe(1);
  } finally {
    await relay.close();
    await store.remove();
  }
});

test('RLY-88 a folder that cannot be one, and a bucket that is not there or not ours, are refused at the start', async () => {
  await expect(openFolder('/dev/null/blobs')).rejects.toThrow(BlobStoreFault);
  if (s3Missing !== undefined) return;
  const store = await newS3();
  const { server } = store;
  const secrets = [server.secretAccessKey, server.accessKeyId, server.endpoint];
  for (const bent of [{ bucket: 'none' }, { secretAccessKey: 'wrong' }, { endpoint: 'http://127.0.0.1:1' }]) {
    const error: unknown = await openS3({ ...server, ...bent }).catch((error: unknown) => error);
    expect(error).toBeInstanceOf(BlobStoreFault);
    for (const secret of secrets) expect(String(error)).not.toContain(secret);
  }
  await store.remove();
});

test.skipIf(s3Missing !== undefined)(
  'RLY-88 a service that dies while blobs are read slowly cuts those readers off, and the relay goes on',
  async () => {
    const store = await newS3();
    const relay = await startRelay({ blobs: store.at });
    try {
      const group = await new TestGroup(relay.url).create();
      // Far more than the kernel takes for sockets that nobody reads.
      const blob = await newBlob(relay.url, group, 24_000_000).upload();
      const token = await blob.open();
      const readers = await Promise.all(
        Array.from({ length: 20 }, async () => {
          const socket = connect(Number(new URL(relay.direct).port), '127.0.0.1');
          socket.on('error', () => undefined);
          const authorization = `Authorization: Bearer ${token}`;
          socket.write(
            `GET ${blobPath(blob.id)} HTTP/1.1\r\nHost: ${relay.host}\r\n${authorization}\r\n\r\n`,
          );
          await once(socket, 'readable');
          return socket;
        }),
      );
      await sleep(500);
      await store.server.kill();
      const received = await Promise.all(
        readers.map(async (socket) => {
          let bytes = 0;
          for await (const chunk of socket) bytes += (chunk as Buffer).length;
          return bytes;
        }),
      );
      expect(Math.max(...received)).toBeLessThan(blob.bytes.length);
      await store.server.start();
      expect((await blob.download()).equals(blob.bytes)).toBe(true);
    } finally {
      await relay.close();
      await store.remove();
    }
  },
);
