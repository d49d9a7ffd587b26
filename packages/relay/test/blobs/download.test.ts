import { once } from 'node:events';
import { readdirSync, truncateSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { blobPath } from '@quicprochat/protocol';
import { describe, expect, test, vi } from 'vitest';
import { KINDS, withBlobs, type TestBlobStore } from '../support/blob-stores.ts';
import { newBlob, refusalIn } from '../support/blob.ts';
import type { TestGroup } from '../support/group.ts';
import type { TestRelay } from '../support/relay.ts';

const MIB = 1024 * 1024;

describe.each(KINDS)('blobs in %s', (_kind, start) => {
  let store: TestBlobStore;
  let relay: TestRelay;
  let group: TestGroup;
  withBlobs(start, (parts) => ({ store, relay, group } = parts));

  test('RLY-84 a range is given exactly, within a part and over several', async () => {
    const size = 5 * MIB;
    const blob = await newBlob(relay.url, group, size).create();
    for (const [from, to] of [
      [0, 100_001],
      [100_001, 2_300_000],
      [2_300_000, size],
    ] as const)
      await blob.patch(from, to);
    const token = await blob.open();
    for (const [range, start, end] of [
      ['bytes=0-0', 0, 1],
      ['bytes=0-', 0, size],
      ['bytes=100000-100001', 100_000, 100_002],
      ['bytes=99999-4500000', 99_999, 4_500_001],
      [`bytes=${size - 1}-${size + 100}`, size - 1, size],
      ['bytes=-10', size - 10, size],
      [`bytes=-${size + 10}`, 0, size],
    ] as const) {
      const response = await blob.get(token, { range });
      expect([range, response.status]).toEqual([range, 206]);
      expect(response.headers.get('content-range')).toBe(`bytes ${start}-${end - 1}/${size}`);
      const bytes = Buffer.from(await response.arrayBuffer());
      expect(bytes.equals(blob.bytes.subarray(start, end)), range).toBe(true);
    }
  });

  test('RLY-84 a range behind the end is told so, and what is no one range is answered with the whole', async () => {
    const blob = await newBlob(relay.url, group, 1_000).upload();
    const token = await blob.open();
    for (const range of ['bytes=1000-', 'bytes=1000-1001', 'bytes=-0']) {
      const response = await blob.get(token, { range });
      expect(response.headers.get('content-range')).toBe('bytes */1000');
      expect(await refusalIn(response)).toMatchObject({ status: 416, code: 'CURSOR_INVALID' });
    }
    for (const headers of [
      { range: 'bytes=5-1' },
      { range: 'bytes=0-1,5-6' },
      { range: 'lines=0-1' },
      { range: 'bytes=-' },
      { range: 'bytes=a-b' },
      { range: 'bytes=0-1', 'if-range': '"other"' },
    ]) {
      const response = await blob.get(token, headers);
      expect([headers.range, response.status]).toEqual([headers.range, 200]);
      expect(Buffer.from(await response.arrayBuffer()).equals(blob.bytes)).toBe(true);
    }
  });

  test('RLY-84 the answer is for nobody’s cache, and no page’s to run', async () => {
    const blob = await newBlob(relay.url, group, 1_000).upload();
    const { headers } = await blob.get(await blob.open());
    expect(Object.fromEntries(headers)).toMatchObject({
      'content-type': 'application/octet-stream',
      'content-length': '1000',
      'accept-ranges': 'bytes',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
  });

  test('RLY-84 many at once get their own', async () => {
    const blobs = await Promise.all(
      Array.from({ length: 12 }, () => newBlob(relay.url, group, MIB).upload()),
    );
    const read = await Promise.all(blobs.map((blob) => blob.download()));
    for (const [i, bytes] of read.entries()) expect(blobs[i]?.bytes.equals(bytes)).toBe(true);
  });

  test('RLY-87 a reader who takes nothing makes the relay hold no more than a little', async () => {
    const blob = await newBlob(relay.url, group, 30 * MIB).upload();
    const token = await blob.open();
    const before = bytesHeld();
    const sockets = await Promise.all(
      Array.from({ length: 5 }, async () => {
        // The relay whose memory this process can look at.
        const socket = connect(Number(new URL(relay.direct).port), '127.0.0.1');
        const head = [
          `GET ${blobPath(blob.id)} HTTP/1.1`,
          `Host: ${relay.host}`,
          `Authorization: Bearer ${token}`,
        ];
        socket.write(`${head.join('\r\n')}\r\n\r\n`);
        await once(socket, 'readable');
        return socket;
      }),
    );
    // Others are served meanwhile, and what the stuck ones wait for is not read.
    expect((await blob.download()).equals(blob.bytes)).toBe(true);
    await vi.waitFor(() => expect(bytesHeld() - before).toBeLessThan(10 * MIB), 10_000);
    for (const socket of sockets) socket.destroy();
  });

  test('RLY-83 RLY-84 a part that lost its end is a fault of ours: the reader is cut off, and the operator told', async () => {
    const blob = await newBlob(relay.url, group, 3 * MIB).upload();
    const token = await blob.open();
    const [part] = await relay.db
      .selectFrom('blob_parts')
      .selectAll()
      .where('blob_id', '=', blob.id)
      .orderBy('position')
      .execute();
    const file = readdirSync(store.folder, { recursive: true, encoding: 'utf8' }).find((path) =>
      path.endsWith(part?.name ?? 'none'),
    );
    truncateSync(join(store.folder, file ?? 'none'), MIB);
    relay.faults.length = 0;
    const chunks: Uint8Array[] = [];
    const reading = async () => {
      for await (const chunk of (await blob.get(token)).body ?? []) chunks.push(chunk as Uint8Array);
    };
    await expect(reading()).rejects.toThrow();
    // What came is the beginning of the blob, and nothing from behind the gap.
    const got = Buffer.concat(chunks);
    expect(got.length).toBeLessThanOrEqual(MIB);
    expect(got.equals(blob.bytes.subarray(0, got.length))).toBe(true);
    expect(relay.faults.length).toBeGreaterThan(0);
    relay.faults.length = 0;
  });

  test('RLY-88 bytes that are gone are no empty blob', async () => {
    const blob = await newBlob(relay.url, group, 1_000).upload();
    const token = await blob.open();
    await (await store.open()).removeAll(blob.id);
    const refusal = await refusalIn(await blob.get(token));
    expect(refusal.status).toBe(503);
    expect(refusal).toMatchObject({ code: 'UNAVAILABLE', details: { incident: expect.any(String) } });
    expect(JSON.stringify(refusal)).not.toContain(store.folder);
    relay.faults.length = 0;
  });

  test('RLY-89 a blob is created at one relay, uploaded at two, and read at any', async () => {
    const blob = await newBlob(relay.url, group, 3 * MIB).create();
    // Where there are several, each of these connections goes to another of them.
    for (const [from, to] of [
      [0, MIB],
      [MIB, 2 * MIB],
      [2 * MIB, 3 * MIB],
    ] as const) {
      const response = await blob.at(relay.url).patch(from, to, { headers: { connection: 'close' } });
      expect(response.status).toBe(204);
    }
    for (const url of [relay.url, relay.direct]) {
      const token = await blob.open();
      const bytes = await (await blob.at(url).get(token)).arrayBuffer();
      expect(Buffer.from(bytes).equals(blob.bytes)).toBe(true);
    }
  });
});

function bytesHeld(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
