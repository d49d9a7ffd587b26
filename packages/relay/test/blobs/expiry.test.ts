import { readdirSync } from 'node:fs';
import { LIMITS } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { expireBlobs, type BlobStore, type Observed } from '../../src/index.ts';
import { codeOf } from '../support/api.ts';
import { newFolder, type TestBlobStore } from '../support/blob-stores.ts';
import { newBlob, refusalIn, type TestBlob } from '../support/blob.ts';
import { TestGroup } from '../support/group.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

const DAY_MS = 24 * 60 * 60 * 1_000;

let owner: TestBlobStore;
let store: BlobStore;
let relay: TestRelay;
let group: TestGroup;
beforeEach(async () => {
  owner = await newFolder();
  store = await owner.open();
  relay = await startRelay({ blobs: owner.at });
  group = await new TestGroup(relay.url).create();
});
afterEach(async () => {
  await relay.close();
  await owner.remove();
});

const pass = (blobs: BlobStore = store) => expireBlobs(relay.db, blobs, relay.clock.now());
const files = () =>
  readdirSync(owner.folder, { recursive: true, withFileTypes: true }).filter((file) => file.isFile());
const rows = () => relay.db.selectFrom('blobs').selectAll().execute();
const open = (blob: TestBlob) => blob.open({ issuedAtMs: relay.clock.now() });

test('RLY-86 a blob goes when its 30 days are over and not before', async () => {
  const blob = await newBlob(relay.url, group, 300_000).upload();
  relay.clock.advance(LIMITS.blobKeptMs - DAY_MS);
  expect(await pass()).toBe(0);
  const token = await open(blob);
  expect(await (await blob.get(token)).arrayBuffer()).toHaveProperty('byteLength', 300_000);

  relay.clock.advance(2 * DAY_MS);
  expect(await pass()).toBe(1);
  expect(files()).toEqual([]);
  for (const table of ['blob_parts', 'blob_tokens'] as const)
    expect(await relay.db.selectFrom(table).selectAll().execute()).toEqual([]);
  relay.clock.advance(DAY_MS);
  expect(await pass()).toBe(0);
  expect(await rows()).toEqual([]);
});

test('RLY-86 an upload that nobody finishes goes after a day, one that is finished then does not', async () => {
  const [left, finished] = [
    await newBlob(relay.url, group, 300_000).create(),
    await newBlob(relay.url, group, 300_000).create(),
  ];
  for (const blob of [left, finished]) await blob.patch(0, 100_000);
  await finished.patch(100_000);
  relay.clock.advance(LIMITS.uploadKeptMs + DAY_MS);
  expect(await pass()).toBe(1);
  expect((await rows()).map(({ blob_id, state }) => [blob_id === left.id, state]).sort()).toEqual([
    [false, 'whole'],
    [true, 'removed'],
  ]);
  expect(files()).toHaveLength(2);
});

test('RLY-86 from its day on nothing of a blob can be used, whether its bytes are deleted or not', async () => {
  const blob = await newBlob(relay.url, group).upload();
  const unfinished = await newBlob(relay.url, group, 300_000).create();
  await unfinished.patch(0, 100_000);
  const token = await blob.open();
  // The tokens would be good still.
  await relay.db.updateTable('blobs').set({ expires_on: 1 }).execute();
  expect(await codeOf(open(blob))).toBe('NOT_FOUND');
  expect(await refusalIn(await blob.get(token))).toMatchObject({ status: 404, code: 'NOT_FOUND' });
  expect(await refusalIn(await unfinished.patch(100_000))).toMatchObject({ code: 'NOT_FOUND' });
  expect((await unfinished.head()).status).toBe(404);
  expect(await codeOf(unfinished.create())).toBe('IDEMPOTENCY_CONFLICT');
  expect(files().length).toBeGreaterThan(0);
});

test('RLY-86 an upload that is running at the end of its day does not become whole', async () => {
  const size = 4 * 1024 * 1024;
  const blob = await newBlob(relay.url, group, size).create();
  const late = new TransformStream<Uint8Array, Uint8Array>();
  const writer = late.writable.getWriter();
  const answer = blob.patch(0, size, { body: late.readable });
  await writer.write(new Uint8Array(blob.bytes.subarray(0, size - 10)));
  await vi.waitFor(async () => expect((await rows()).map(({ stored }) => stored > 0)).toEqual([true]));
  relay.clock.advance(LIMITS.uploadKeptMs + DAY_MS);
  await writer.write(new Uint8Array(blob.bytes.subarray(size - 10)));
  await writer.close();
  expect(await refusalIn(await answer)).toMatchObject({ code: 'NOT_FOUND' });
  // Its last part was taken back, the rest waits for the pass.
  expect(files()).toHaveLength(1);
  await pass();
  expect(files()).toEqual([]);
});

test('RLY-86 bytes that a crash left without a row of theirs go with the blob', async () => {
  const blob = await newBlob(relay.url, group, 300_000).create();
  await blob.patch(0, 100_000);
  // Written, and then the process died before it could say so.
  await store.put({ blobId: blob.id, name: newId() }, Buffer.from('orphan'));
  expect(files()).toHaveLength(2);
  relay.clock.advance(LIMITS.uploadKeptMs + DAY_MS);
  await pass();
  expect(files()).toEqual([]);
});

test('RLY-86 bytes that a dying upload put there after they were deleted go a day later', async () => {
  const blob = await newBlob(relay.url, group, 300_000).create();
  relay.clock.advance(LIMITS.uploadKeptMs + DAY_MS);
  await pass();
  await store.put({ blobId: blob.id, name: newId() }, Buffer.from('late'));
  await pass();
  expect(files()).toHaveLength(1);
  relay.clock.advance(DAY_MS);
  await pass();
  expect([files(), await rows()]).toEqual([[], []]);
});

test('RLY-86 a pass that dies between bytes and rows is repeated, and one blob that cannot go does not keep others', async () => {
  const blobs = [await newBlob(relay.url, group).upload(), await newBlob(relay.url, group).upload()];
  relay.clock.advance(LIMITS.blobKeptMs + DAY_MS);
  // The bytes of one are gone already, as after a crash.
  await store.removeAll(blobs[0]!.id);
  const failing: BlobStore = {
    ...store,
    removeAll: async (id) => {
      if (id === blobs[1]!.id) throw new Error('injected');
      await store.removeAll(id);
    },
  };
  await expect(pass(failing)).rejects.toThrow('injected');
  expect((await rows()).map(({ state }) => state).sort()).toEqual(['removed', 'whole']);
  expect(await pass()).toBe(1);
  expect(files()).toEqual([]);
});

test('RLY-86 two relays that delete at once count each blob once', async () => {
  for (let i = 0; i < 5; i += 1) await newBlob(relay.url, group).upload();
  relay.clock.advance(LIMITS.blobKeptMs + DAY_MS);
  const counts = await Promise.all([pass(), pass(), pass()]);
  expect(counts.reduce((sum, count) => sum + count, 0)).toBe(5);
});

test('RLY-86 RLY-96 of a blob a day is stored, which is the same for all of that day', async () => {
  const midnight = Math.ceil(relay.clock.now() / DAY_MS) * DAY_MS;
  for (const hour of [1, 12, 23]) {
    relay.clock.advance(midnight + hour * 60 * 60 * 1_000 - relay.clock.now());
    const at = { issuedAtMs: relay.clock.now() };
    await newBlob(relay.url, group).create(at);
    await newBlob(relay.url, group).upload(at);
  }
  const days = (await rows()).map(({ state, expires_on }) => `${state} ${expires_on - midnight / DAY_MS}`);
  expect([...new Set(days)].sort()).toEqual(['uploading 2', 'whole 31']);
});

test('RLY-86 a relay does it by itself, says how many it were, and a fault of the store does not end it', async () => {
  const observed: Observed[] = [];
  let isFailing = true;
  const failing: BlobStore = {
    ...store,
    removeAll: (id) => (isFailing ? Promise.reject(new Error('injected')) : store.removeAll(id)),
  };
  const options = { expireEveryMs: 20, observe: (event: Observed) => observed.push(event) };
  const own = await startRelay({ blobs: failing, instances: 1, ...options });
  try {
    await newBlob(own.url, await new TestGroup(own.url).create()).upload();
    own.clock.advance(LIMITS.blobKeptMs + DAY_MS);
    await vi.waitFor(() => expect(own.faults.length).toBeGreaterThan(0), 5_000);
    isFailing = false;
    const expired = { type: 'expired', keyPackages: 0, spentKeyPackages: 0, welcomes: 0, blobs: 1 };
    await vi.waitFor(() => expect(observed).toContainEqual(expired), 5_000);
  } finally {
    await own.close();
  }
});

test('RLY-86 one pass of a relay deletes all that is over, however many began them', async () => {
  vi.useFakeTimers({ toFake: ['setInterval'] });
  const own = await startRelay({ blobs: store, instances: 1 });
  try {
    const log = { log_id: group.id, epoch: 0, size: 1, sha256: null, stored: 0 };
    const over = { ...log, state: 'uploading' as const, expires_on: 1 };
    const values = Array.from({ length: 250 }, () => ({ blob_id: newId(), ...over }));
    await own.db.insertInto('blobs').values(values).execute();
    vi.advanceTimersByTime(60_000);
    const left = own.db.selectFrom('blobs').select('blob_id').where('state', '!=', 'removed');
    await vi.waitFor(async () => expect(await left.execute()).toEqual([]), 10_000);
  } finally {
    vi.useRealTimers();
    await own.close();
  }
});
