import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { newId } from '@quicprochat/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BlobStoreFault, type BlobStore } from '../../src/index.ts';
import { KINDS, type TestBlobStore } from '../support/blob-stores.ts';

/** The contract that every store of blobs keeps. */
describe.each(KINDS)('RLY-89 blobs in %s', (_kind, start) => {
  let owner: TestBlobStore;
  let store: BlobStore;
  beforeAll(async () => {
    owner = await start();
    store = await owner.open();
  });
  afterAll(() => owner.remove());

  const newPart = (blobId = newId()) => ({ blobId, name: newId() });
  const take = (...[part, range]: Parameters<BlobStore['read']>) => collect(store.read(part, range));
  const files = () =>
    readdirSync(owner.folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());

  test.each([1, 65_536, 3 * 1024 * 1024 + 1])('a part of %i bytes comes back as it was', async (size) => {
    const part = newPart();
    const bytes = randomBytes(size);
    await store.put(part, bytes);
    expect((await take(part, { start: 0, end: size })).equals(bytes)).toBe(true);
  });

  test('a range has the bytes from its start up to and without its end', async () => {
    const part = newPart();
    await store.put(part, Buffer.from('0123456789'));
    for (const [start, end] of [
      [0, 10],
      [0, 1],
      [9, 10],
      [3, 7],
      [4, 4],
    ] as const)
      expect((await take(part, { start, end })).toString()).toBe('0123456789'.slice(start, end));
  });

  test('who stops to read holds nothing open, and others are not disturbed', async () => {
    const part = newPart();
    const bytes = randomBytes(2 * 1024 * 1024);
    await store.put(part, bytes);
    for (let i = 0; i < 50; i += 1) {
      for await (const chunk of store.read(part, { start: 0, end: bytes.length })) {
        expect(chunk.length).toBeGreaterThan(0);
        break;
      }
    }
    expect((await take(part, { start: 0, end: bytes.length })).equals(bytes)).toBe(true);
  });

  test('who reads slowly gets all of it, though what there was to send has long been sent', async () => {
    const part = newPart();
    const bytes = randomBytes(2 * 1024 * 1024);
    await store.put(part, bytes);
    const readers = Array.from({ length: 20 }, () =>
      store.read(part, { start: 0, end: bytes.length })[Symbol.asyncIterator](),
    );
    const read = await Promise.all(
      readers.map(async (reader) => {
        const { value } = (await reader.next()) as { value: Uint8Array };
        return [value];
      }),
    );
    await sleep(500);
    for (const [i, reader] of readers.entries())
      for (let next = await reader.next(); next.done !== true; next = await reader.next())
        read[i]?.push(next.value);
    for (const chunks of read) expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
  });

  test('another relay that opens it finds what is there', async () => {
    const part = newPart();
    await store.put(part, Buffer.from('there'));
    const other = await owner.open();
    const read = await collect(other.read(part, { start: 0, end: 5 }));
    expect(read.toString()).toBe('there');
  });

  test('a part that is not there is a fault, and not an empty one', async () => {
    await expect(take(newPart(), { start: 0, end: 1 })).rejects.toThrow(BlobStoreFault);
  });

  test('removing takes that part, removing all takes all of that blob, and both can be done twice', async () => {
    const [blobId, neighbour] = [newId(), newPart()];
    const [one, two, three] = [newPart(blobId), newPart(blobId), newPart(blobId)];
    for (const part of [one, two, three, neighbour]) await store.put(part, Buffer.from('x'));
    const before = files().length;
    for (let i = 0; i < 2; i += 1) await store.remove(one);
    await expect(take(one, { start: 0, end: 1 })).rejects.toThrow(BlobStoreFault);
    expect((await take(two, { start: 0, end: 1 })).toString()).toBe('x');
    expect(files()).toHaveLength(before - 1);
    for (let i = 0; i < 2; i += 1) await store.removeAll(blobId);
    for (const part of [two, three])
      await expect(take(part, { start: 0, end: 1 })).rejects.toThrow(BlobStoreFault);
    expect((await take(neighbour, { start: 0, end: 1 })).toString()).toBe('x');
    expect(files()).toHaveLength(before - 3);
  });

  test('all parts go, however many they are', async () => {
    const blobId = newId();
    const before = files().length;
    for (let i = 0; i < 1_010; i += 1) await store.put(newPart(blobId), Buffer.from('x'));
    expect(files()).toHaveLength(before + 1_010);
    await store.removeAll(blobId);
    expect(files()).toHaveLength(before);
  }, 120_000);

  test('many parts of one blob at once are each whole', async () => {
    const blobId = newId();
    const parts = Array.from({ length: 20 }, () => ({
      part: newPart(blobId),
      bytes: randomBytes(100_000),
    }));
    await Promise.all(parts.map(({ part, bytes }) => store.put(part, bytes)));
    for (const { part, bytes } of parts)
      expect((await take(part, { start: 0, end: bytes.length })).equals(bytes)).toBe(true);
  });
});

async function collect(bytes: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks);
}
