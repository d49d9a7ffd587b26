import { randomBytes } from 'node:crypto';
import { LIMITS } from '@quicprochat/protocol';
import { newId, newSigner } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { apiOf, codeOf, refusalOf } from '../support/api.ts';
import { newFolder, withBlobs } from '../support/blob-stores.ts';
import { newBlob, refusalIn, TestBlob, type BlobOptions } from '../support/blob.ts';
import { TestDevice } from '../support/device.ts';
import { TestGroup } from '../support/group.ts';
import { startRelay, type TestRelay } from '../support/relay.ts';

let relay: TestRelay;
withBlobs(newFolder, (parts) => ({ relay } = parts));

const newGroup = () => new TestGroup(relay.url).create();

/** Both calls, valid as they stand, on a blob that is whole. */
const CALLS: [string, (blob: TestBlob, options?: BlobOptions) => Promise<unknown>][] = [
  ['create', (blob, options) => blob.group.api.blobs.create.mutate(blob.creation(options))],
  ['open', (blob, options) => blob.group.api.blobs.open.mutate(blob.opening(options))],
];

test.each(CALLS)('RLY-31 RLY-80 %s takes the signature of the access key alone', async (_name, call) => {
  const blob = await newBlob(relay.url, await newGroup()).upload();
  expect(await codeOf(call(blob, { key: newSigner() }))).toBe('NOT_AUTHORIZED');
  expect(await codeOf(call(blob, { audience: 'evil.example' }))).toBe('NOT_AUTHORIZED');
  await call(blob);
});

test.each(CALLS)('RLY-33 RLY-34 RLY-80 a proof of %s counts once and in its time', async (_name, call) => {
  const blob = await newBlob(relay.url, await newGroup()).upload();
  const issuedAtMs = Date.now() - LIMITS.proofWindowMs - 5_000;
  expect(await codeOf(call(blob, { issuedAtMs }))).toBe('CLOCK_SKEW');
  const nonce = randomBytes(16);
  await call(blob, { nonce });
  expect(await codeOf(call(blob, { nonce }))).toBe('REPLAYED');
});

test.each(CALLS)('RLY-30 RLY-80 %s with a session is refused', async (name, call) => {
  const device = await new TestDevice(relay.url, `d-${newId().slice(0, 8)}`).register();
  const blob = await newBlob(relay.url, await newGroup()).upload();
  Object.assign(blob.group, { api: apiOf(relay.url, device.token) });
  const refusal = await refusalOf(call(blob));
  expect([name, refusal.code, refusal.details.issues?.[0]?.path]).toEqual([
    name,
    'BAD_INPUT',
    'authorization',
  ]);
});

test('RLY-31 RLY-80 a proof is for what the call says: another id, size or hash is not signed', async () => {
  const group = await newGroup();
  const blob = newBlob(relay.url, group);
  const signed = blob.creation({ sha256: 'right' });
  for (const bent of [{ id: newId() }, { size: signed.size + 1 }, { sha256: undefined }])
    expect(await codeOf(group.api.blobs.create.mutate({ ...signed, ...bent }))).toBe('NOT_AUTHORIZED');
  const whole = await newBlob(relay.url, group).upload();
  const opening = { ...blob.opening(), id: whole.id };
  expect(await codeOf(group.api.blobs.open.mutate(opening))).toBe('NOT_AUTHORIZED');
});

test('RLY-80 a token is for one blob, one use and its time, and everything else is one answer', async () => {
  const group = await newGroup();
  const [blob, other] = [await newBlob(relay.url, group).upload(), await newBlob(relay.url, group).upload()];
  const [reading, otherReading] = [await blob.open(), await other.open()];
  const random = randomBytes(32).toString('base64url');
  for (const token of [otherReading, blob.uploadToken, random, '', `${reading}x`]) {
    const refusal = await refusalIn(await blob.get(token));
    expect(refusal).toMatchObject({ status: 403, code: 'NOT_AUTHORIZED', details: {} });
  }
  for (const token of [other.uploadToken, reading, random, '']) {
    expect((await blob.head(token)).status).toBe(403);
    expect(await refusalIn(await blob.patch(0, 0, { token }))).toMatchObject({ code: 'NOT_AUTHORIZED' });
  }
  const nobodys = new TestBlob(relay.url, group, Buffer.from('x'), newId());
  expect(await refusalIn(await nobodys.get(reading))).toMatchObject({ code: 'NOT_AUTHORIZED' });
  expect(await (await blob.get(reading)).arrayBuffer()).toHaveProperty('byteLength', 1_000);

  relay.clock.advance(LIMITS.downloadTokenLifetimeMs + 60_000);
  expect(await refusalIn(await blob.get(reading))).toMatchObject({ code: 'NOT_AUTHORIZED' });
  relay.clock.advance(-LIMITS.downloadTokenLifetimeMs - 60_000);
});

test('RLY-80 tokens are stored as their hashes alone', async () => {
  const blob = await newBlob(relay.url, await newGroup()).upload();
  const reading = await blob.open();
  const rows = await relay.db.selectFrom('blob_tokens').selectAll().execute();
  const stored = rows.map(({ token_hash }) => token_hash.toString('base64url'));
  for (const token of [reading, blob.uploadToken]) expect(stored).not.toContain(token);
  expect(rows.length).toBeGreaterThan(1);
});

test('RLY-80 a creation that is repeated gives another token, and tells where the upload stands', async () => {
  const group = await newGroup();
  const blob = await newBlob(relay.url, group, 300_000).create({ sha256: 'right' });
  await blob.patch(0, 100_000);
  await group.commit();
  const { token, offset } = await group.api.blobs.create.mutate(blob.creation({ sha256: 'right' }));
  expect(offset).toBe(100_000);
  expect((await blob.patch(100_000, 300_000, { token })).status).toBe(204);
  expect((await blob.download()).equals(blob.bytes)).toBe(true);
});

test('RLY-80 an id that is taken is for no other size, hash or group', async () => {
  const group = await newGroup();
  const blob = await newBlob(relay.url, group).create();
  const other = new TestBlob(relay.url, await newGroup(), blob.bytes, blob.id);
  for (const creation of [
    blob.creation({ size: 999 }),
    blob.creation({ sha256: 'right' }),
    other.creation(),
  ]) {
    const { api } = creation.groupId === group.id ? group : other.group;
    expect(await codeOf(api.blobs.create.mutate(creation))).toBe('IDEMPOTENCY_CONFLICT');
  }
});

test('RLY-81 who was removed opens what was sent before, nothing that came after, and creates nothing', async () => {
  const group = await newGroup();
  const before = await newBlob(relay.url, group).upload();
  await group.commit();
  const after = await newBlob(relay.url, group).upload();
  const removed: BlobOptions = { epoch: 0 };
  expect((await before.download(removed)).equals(before.bytes)).toBe(true);
  expect(await codeOf(after.open(removed))).toBe('NOT_FOUND');
  const never = new TestBlob(relay.url, group, Buffer.from('x'));
  expect(await refusalOf(never.open(removed))).toEqual(await refusalOf(after.open(removed)));
  const { code, details } = await refusalOf(never.create(removed));
  expect([code, details.head]).toEqual(['STALE_EPOCH', { epoch: 1, sequence: 1 }]);
  // The key of one epoch with the number of another is no key.
  expect(await codeOf(after.open({ epoch: 1, key: group.keys[0]! }))).toBe('NOT_AUTHORIZED');
  // Who is still there opens both.
  for (const blob of [before, after]) expect((await blob.download()).equals(blob.bytes)).toBe(true);
});

test('RLY-81 RLY-47 who was removed gets no further by a line of his own, and takes no room from the others', async () => {
  const group = await newGroup();
  const before = await newBlob(relay.url, group).upload();
  const removed = new TestGroup(relay.url, group.id, [...group.keys]);
  await group.commit();
  const after = await newBlob(relay.url, group).upload();
  // As though the commit that removed him were void, and as many epochs on as he likes.
  await removed.commit({ candidate: 1 });
  for (let i = 0; i < 3; i += 1) await removed.commit();
  const as = (member: TestGroup, blob: TestBlob) => new TestBlob(relay.url, member, blob.bytes, blob.id);
  expect(await codeOf(as(removed, after).open())).toBe('NOT_FOUND');
  // What both lines have in common is his still, as it was.
  expect((await as(removed, before).download()).equals(before.bytes)).toBe(true);
  const his = await newBlob(relay.url, removed).upload();
  expect((await his.download()).equals(his.bytes)).toBe(true);
  expect(await codeOf(as(group, his).open())).toBe('NOT_FOUND');
  const rows = await relay.db.selectFrom('blobs').select(['blob_id', 'log_id']).execute();
  const logOf = (blob: TestBlob) => rows.find(({ blob_id }) => blob_id === blob.id)?.log_id;
  expect([logOf(before), logOf(after)]).toEqual([group.id, group.id]);
  expect(logOf(his)).not.toBe(group.id);
});

test('RLY-81 a member of another group opens nothing', async () => {
  const blob = await newBlob(relay.url, await newGroup()).upload();
  const stranger = new TestBlob(relay.url, await newGroup(), blob.bytes, blob.id);
  expect(await codeOf(stranger.open())).toBe('NOT_FOUND');
});

test('a relay without a place for blobs knows neither the calls nor the routes', async () => {
  const bare = await startRelay();
  try {
    const blob = newBlob(bare.url, await new TestGroup(bare.url).create());
    for (const call of [() => blob.create(), () => blob.open()]) {
      expect(await codeOf(call())).toBe('NO_SUCH_PROCEDURE');
    }
    expect(await refusalIn(await blob.get('x'))).toMatchObject({ status: 404, code: 'NO_SUCH_PROCEDURE' });
  } finally {
    await bare.close();
  }
});
