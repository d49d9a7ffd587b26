import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { blobPath } from '@quicprochat/protocol';
import { describe, expect, test, vi } from 'vitest';
import { codeOf } from '../support/api.ts';
import { KINDS, withBlobs, type TestBlobStore } from '../support/blob-stores.ts';
import { newBlob, refusalIn, TestBlob } from '../support/blob.ts';
import type { TestGroup } from '../support/group.ts';
import type { TestRelay } from '../support/relay.ts';

const MIB = 1024 * 1024;

describe.each(KINDS)('blobs in %s', (_kind, start) => {
  let store: TestBlobStore;
  let relay: TestRelay;
  let group: TestGroup;
  withBlobs(start, (parts) => ({ store, relay, group } = parts));
  const blobOf = (size: number) => newBlob(relay.url, group, size).create();
  const partsOf = ({ id }: TestBlob) =>
    readdirSync(store.folder, { recursive: true, withFileTypes: true }).filter(
      (file) => file.isFile() && file.parentPath.includes(id),
    );

  test('RLY-82 an upload goes on from where HEAD says, in pieces of any size, and comes back as it was', async () => {
    const blob = await blobOf(5 * MIB + 17);
    const ends = [0, 64 * 1024, 2 * MIB + 3, 2 * MIB + 3 + 64 * 1024, 5 * MIB, blob.bytes.length];
    for (const [i, end] of ends.entries()) {
      const response = await blob.patch(ends[i - 1] ?? 0, end);
      expect([response.status, Number(response.headers.get('upload-offset'))]).toEqual([204, end]);
      const head = await blob.head();
      const { headers } = head;
      expect([head.status, headers.get('upload-offset'), headers.get('upload-length')]).toEqual([
        200,
        String(end),
        String(blob.bytes.length),
      ]);
      expect([headers.get('tus-resumable'), headers.get('cache-control')]).toEqual(['1.0.0', 'no-store']);
    }
    expect((await blob.download()).equals(blob.bytes)).toBe(true);
    // An answer that was lost: the same again, with nothing left to send.
    expect((await blob.patch(blob.bytes.length)).status).toBe(204);
  });

  test('RLY-82 a connection that breaks leaves what came, and the upload goes on from there', async () => {
    const blob = await blobOf(6 * MIB);
    let offset = 0;
    while (offset < blob.bytes.length) {
      await sendAndBreak(blob, offset, Math.min(offset + 2.5 * MIB, blob.bytes.length));
      const before = offset;
      await vi.waitFor(async () => {
        offset = await blob.offset();
        expect(offset).toBeGreaterThan(before);
      }, 10_000);
      // What the kernel had not given us yet may be lost, and nothing that HEAD has told.
      await vi.waitFor(async () => {
        const next = await blob.offset();
        const isStill = next === offset;
        offset = next;
        expect(isStill).toBe(true);
      });
    }
    expect((await blob.download()).equals(blob.bytes)).toBe(true);
    expect(relay.faults).toEqual([]);
  });

  test('RLY-82 a few bytes at a time are kept, too, and do not leave a part for each', async () => {
    const blob = await blobOf(200_000);
    await sendAndBreak(blob, 0, 10_000);
    await vi.waitFor(async () => expect(await blob.offset()).toBeGreaterThan(0));
    let offset = await blob.offset();
    for (const step of [1, 2, 3, 50_000, 1, 1, 70_000, 5])
      expect((await blob.patch(offset, (offset += step))).status).toBe(204);
    expect((await blob.patch(offset, offset)).status).toBe(204);
    expect(await blob.offset()).toBe(offset);
    expect(partsOf(blob).length).toBeLessThanOrEqual(3);
    expect((await blob.patch(offset)).status).toBe(204);
    expect((await blob.download()).equals(blob.bytes)).toBe(true);
    expect(partsOf(blob)).toHaveLength(
      (await relay.db.selectFrom('blob_parts').selectAll().where('blob_id', '=', blob.id).execute()).length,
    );
  });

  test('RLY-82 many that bring a few bytes each to the same place: one of them is there', async () => {
    const blob = await blobOf(1_000);
    await blob.patch(0, 10);
    const rivals = Array.from({ length: 8 }, () => randomBytes(500));
    const statuses = await Promise.all(
      rivals.map(async (bytes) => (await blob.patch(10, undefined, { body: bytes })).status),
    );
    expect(statuses.sort()).toEqual([204, ...Array.from({ length: 7 }, () => 409)]);
    await blob.patch(510);
    const got = await blob.download();
    const possible = rivals.map((bytes) =>
      Buffer.concat([blob.bytes.subarray(0, 10), bytes, blob.bytes.subarray(510)]),
    );
    expect(possible.filter((bytes) => got.equals(bytes))).toHaveLength(1);
    expect(relay.faults).toEqual([]);
  });

  test('RLY-82 another offset than where the upload stands is a conflict that tells the right one', async () => {
    const blob = await blobOf(MIB);
    await blob.patch(0, 100_000);
    for (const offset of [0, 99_999, 100_001, MIB]) {
      const refusal = await refusalIn(await blob.patch(offset, MIB));
      expect(refusal).toMatchObject({ status: 409, code: 'OFFSET_CONFLICT', details: { offset: 100_000 } });
    }
    expect(await blob.offset()).toBe(100_000);
  });

  test('RLY-82 of many that upload at once one goes on at a time, and no byte of another gets in between', async () => {
    const size = 5 * MIB;
    const blob = await blobOf(size);
    const rivals = Array.from({ length: 6 }, () => randomBytes(size));
    const outcomes = await Promise.all(
      rivals.map(async (bytes) => {
        const rival = Object.assign(new TestBlob(relay.url, group, bytes, blob.id), {
          uploadToken: blob.uploadToken,
        });
        const response = await rival.patch(0);
        return response.status === 204 ? 'whole' : (await refusalIn(response)).code;
      }),
    );
    expect(outcomes.filter((outcome) => outcome === 'whole')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'OFFSET_CONFLICT')).toHaveLength(5);
    const winner = rivals[outcomes.indexOf('whole')] ?? expect.unreachable();
    expect((await blob.download()).equals(winner)).toBe(true);
    // What the others had brought is gone.
    const kept = await relay.db.selectFrom('blob_parts').selectAll().where('blob_id', '=', blob.id).execute();
    expect(partsOf(blob)).toHaveLength(kept.length);
  });

  test('RLY-83 before its last byte a blob is not there, and with it it is', async () => {
    const blob = await blobOf(3 * MIB);
    expect(await codeOf(blob.open())).toBe('NOT_FOUND');
    await blob.patch(0, 3 * MIB - 1);
    expect(await codeOf(blob.open())).toBe('NOT_FOUND');
    await blob.patch(3 * MIB - 1);
    expect((await blob.download()).equals(blob.bytes)).toBe(true);
  });

  test('RLY-83 bytes beyond the declared size are refused, told before or not, and none of them is kept', async () => {
    const blob = await newBlob(relay.url, group, MIB).create({ size: MIB - 1 });
    expect(await refusalIn(await blob.patch(0))).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
    expect(await blob.offset()).toBe(0);
    const untold = await blob.patch(0, MIB, { body: streamOf(blob.bytes) });
    expect(await refusalIn(untold)).toMatchObject({ status: 413, code: 'PAYLOAD_TOO_LARGE' });
    expect(await blob.offset()).toBe(0);
    expect(await codeOf(blob.open())).toBe('NOT_FOUND');
    const lied = await blob.patch(0, MIB - 1, { headers: { 'upload-length': String(MIB) } });
    expect(await refusalIn(lied)).toMatchObject({ status: 400, code: 'BAD_INPUT' });
    expect((await blob.patch(0, MIB - 1, { headers: { 'upload-length': String(MIB - 1) } })).status).toBe(
      204,
    );
  });

  test('RLY-83 a declared hash is that of the bytes, however they came, or the upload is given up', async () => {
    const right = await newBlob(relay.url, group, 3 * MIB).create({ sha256: 'right' });
    await right.patch(0, 70_000);
    expect((await right.patch(70_000)).status).toBe(204);
    expect((await right.download()).equals(right.bytes)).toBe(true);

    const other = createHash('sha256').update('other bytes').digest();
    const wrong = await newBlob(relay.url, group, 3 * MIB).create({ sha256: other });
    await wrong.patch(0, 70_000);
    const refusal = await refusalIn(await wrong.patch(70_000));
    expect(refusal).toMatchObject({ code: 'BAD_INPUT', details: { issues: [{ path: 'sha256' }] } });
    expect(await codeOf(wrong.open())).toBe('NOT_FOUND');
    expect((await wrong.head()).status).toBe(404);
  });

  test('RLY-87 a large blob goes through with a few mebibytes of memory, both ways', async () => {
    const size = 96 * MIB;
    const blob = await new TestBlob(relay.url, group, Buffer.alloc(0)).create({ size });
    const block = randomBytes(64 * 1024);
    const [sent, got] = [createHash('sha256'), createHash('sha256')];
    const before = bytesHeld();
    let most = 0;
    const bytes = function* () {
      for (let made = 0; made < size; made += block.length) {
        if (made % (8 * MIB) === 0) most = Math.max(most, bytesHeld() - before);
        sent.update(block);
        yield block;
      }
    };
    // Not fetch, which holds what it sends; and to the relay whose memory this process can look at.
    const upload = request(relay.direct + blobPath(blob.id), {
      method: 'PATCH',
      headers: { ...blob.patchHeaders(0), 'content-length': size },
    });
    const [answer] = await Promise.all([
      once(upload, 'response') as Promise<[IncomingMessage]>,
      pipeline(Readable.from(bytes()), upload),
    ]);
    expect(answer[0].statusCode).toBe(204);

    const response = await blob.at(relay.direct).get(await blob.open());
    let taken = 0;
    for await (const chunk of response.body ?? []) {
      got.update(chunk as Uint8Array);
      if (Math.floor(taken / (8 * MIB)) !== Math.floor((taken += (chunk as Uint8Array).length) / (8 * MIB)))
        most = Math.max(most, bytesHeld() - before);
    }
    expect(taken).toBe(size);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
    // Far from all of it: some parts, and what two ends of four connections in this process hold.
    expect(most).toBeLessThan(size / 2);
  }, 60_000);

  /** As a phone does that loses its network in the middle of an upload. */
  async function sendAndBreak(blob: TestBlob, offset: number, end: number): Promise<void> {
    const socket = connect(Number(new URL(relay.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    const head = [
      `PATCH ${blobPath(blob.id)} HTTP/1.1`,
      `Host: ${relay.host}`,
      `Authorization: Bearer ${blob.uploadToken}`,
      'Tus-Resumable: 1.0.0',
      'Content-Type: application/offset+octet-stream',
      `Upload-Offset: ${offset}`,
      `Content-Length: ${blob.bytes.length - offset}`,
    ];
    socket.write(`${head.join('\r\n')}\r\n\r\n`);
    const isLast = end === blob.bytes.length;
    await new Promise<void>((resolve) => socket.write(blob.bytes.subarray(offset, end), () => resolve()));
    if (isLast) await once(socket, 'data');
    // For the relay to read it: of a request that is over before it was looked at, nothing is kept.
    else await sleep(100);
    socket.end();
    socket.destroySoon();
    await once(socket, 'close');
  }
});

function streamOf(bytes: Uint8Array): ReadableStream {
  return new Blob([new Uint8Array(bytes)]).stream();
}

/** What this process holds, relay and test, once what nobody holds is let go of. */
function bytesHeld(): number {
  globalThis.gc?.();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}
