import { randomBytes } from 'node:crypto';
import { LIMITS, toBase64Url, type WelcomeParts } from '@quicprochat/protocol';
import { newId } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { findAccess, findEpoch } from '../src/store/groups.ts';
import { readEntries } from '../src/store/log.ts';
import { readInbox } from '../src/store/inbox.ts';
import { codeOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup, welcomeFor } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { appendMessage } from './support/entries.ts';

let relay: TestRelay;
let count = 0;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();
const newDevice = () => new TestDevice(relay.url, `reader-${++count}`).register();
const inboxOf = (device: TestDevice, cursor = 0, limit = 500) =>
  device.api.inbox.read.mutate({ cursor, limit });
const base64Url = (text: string) => Buffer.from(text).toString('base64url');
const secretsFor = (text: string, { handle }: TestDevice) => `${text}, to ${handle} alone`;
const welcome = (text: string, ...devices: TestDevice[]): WelcomeParts => ({
  shared: Buffer.from(text),
  joiners: devices.map((device) => ({
    deviceId: device.id,
    secrets: Buffer.from(secretsFor(text, device)),
  })),
});

test('RLY-50 pages follow each other by their cursors', async () => {
  const group = await newGroup();
  for (const text of ['a', 'b', 'c', 'd', 'e']) await group.post(text);
  const first = await group.read({ limit: 2 });
  expect(first).toMatchObject({ cursor: 2, more: true, ended: false });
  expect(first.entries[0]).toEqual({
    sequence: 1,
    epoch: 0,
    kind: 'message',
    id: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
    payload: Buffer.from('a').toString('base64url'),
  });
  const second = await group.read({ cursor: first.cursor, limit: 3 });
  expect(second.entries.map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
  expect(second).toMatchObject({ cursor: 5, more: false, ended: false });
  expect(await group.read({ cursor: 5 })).toMatchObject({
    entries: [],
    cursor: 5,
    more: false,
    ended: false,
  });
});

test('RLY-50 a page holds at most 500 entries, whatever is asked for', async () => {
  const group = await newGroup();
  for (let i = 0; i < LIMITS.maxPageEntries + 1; i += 1) {
    await appendMessage(relay.db, group.id, { payload: randomBytes(8) });
  }
  const page = await group.read({ limit: 1_000_000_000 });
  expect(page.entries).toHaveLength(LIMITS.maxPageEntries);
  expect(page).toMatchObject({ cursor: LIMITS.maxPageEntries, more: true });
  expect((await group.read({ cursor: page.cursor })).entries).toHaveLength(1);
});

test('RLY-50 a page ends before it gets too large, and always holds one entry', async () => {
  const group = await newGroup();
  const payload = randomBytes(1.5 * 1024 * 1024);
  for (let i = 0; i < 3; i += 1) await group.commit({ payload });
  const page = await group.read();
  expect(LIMITS.maxPageBytes).toBe(4 * 1024 * 1024);
  expect(page.entries).toHaveLength(2);
  expect(page.more).toBe(true);
  const access = await findEpoch(relay.db, group.id, group.epoch);
  if (access === undefined) throw new Error('no access');
  const tiny = await readEntries(relay.db, { cursor: 0, limit: 9, maxBytes: 1, access });
  expect(tiny.entries).toHaveLength(1);
});

test('RLY-36 RLY-50 a page reaches to the end of the key’s epoch and says so', async () => {
  const group = await newGroup();
  await group.post('a');
  await group.post('b');
  await group.commit();
  await group.post('next epoch');
  expect(await group.read({ epoch: 0, limit: 2 })).toMatchObject({ cursor: 2, more: true, ended: false });
  expect(await group.read({ epoch: 0, limit: 3 })).toMatchObject({ cursor: 3, more: false, ended: true });
  expect((await group.read({ epoch: 1 })).entries).toHaveLength(4);
});

test('RLY-36 a commit between the proof and the reading opens nothing to the old key', async () => {
  const group = await newGroup();
  await group.post('a');
  const access = await findAccess(relay.db, group.id, group.keys[0]?.publicKey ?? expect.unreachable());
  await group.commit();
  await group.post('next epoch');
  if (access === undefined) throw new Error('no access');
  const page = await readEntries(relay.db, { cursor: 0, limit: 9, access });
  expect(page.entries.map(({ sequence }) => sequence)).toEqual([1]);
});

test('RLY-51 a cursor beyond the log is refused', async () => {
  const group = await newGroup();
  await group.post('a');
  expect(await codeOf(group.read({ cursor: 2 }))).toBe('CURSOR_INVALID');
  const open = group.api.groups.openStream.mutate({ groups: [group.streamInput({ cursor: 2 })] });
  expect(await codeOf(open)).toBe('CURSOR_INVALID');
});

test('RLY-55 RLY-56 a Welcome is stored once, and goes with the last device that waits for it', async () => {
  const [alice, bob] = [await newDevice(), await newDevice()];
  const group = await newGroup();
  await group.post('before');
  await group.commit({ welcome: welcome('for both', alice, bob) });
  await group.commit({ welcome: welcome('for bob', bob) });
  const stored = async () =>
    (await relay.db.selectFrom('welcomes').select('shared').where('group_id', '=', group.id).execute()).map(
      ({ shared }) => shared.toString(),
    );
  expect(await stored()).toEqual(['for both', 'for bob']);

  const entry = { sequence: 1, groupId: group.id, groupSequence: 2 };
  const parts = (device: TestDevice) => ({
    shared: base64Url('for both'),
    secrets: base64Url(secretsFor('for both', device)),
  });
  expect(await inboxOf(alice)).toEqual({ entries: [{ ...entry, ...parts(alice) }], cursor: 1, more: false });
  expect((await inboxOf(bob)).entries[0]).toEqual({ ...entry, ...parts(bob) });
  expect((await inboxOf(bob)).entries.map(({ sequence }) => sequence)).toEqual([1, 2]);

  await alice.api.inbox.acknowledge.mutate({ sequence: 1 });
  expect((await inboxOf(alice, 1)).entries).toEqual([]);
  expect((await inboxOf(bob)).entries).toHaveLength(2);
  expect(await stored()).toEqual(['for both', 'for bob']);
  await bob.api.inbox.acknowledge.mutate({ sequence: 1 });
  expect(await stored()).toEqual(['for bob']);
  await bob.api.inbox.acknowledge.mutate({ sequence: 1 });
  expect((await inboxOf(bob)).entries.map(({ sequence }) => sequence)).toEqual([2]);
});

test('RLY-55 of a Welcome for many, the shared part is one row, and each inbox holds the secrets of its device', async () => {
  const devices: TestDevice[] = [];
  for (let i = 0; i < 20; i += 1) devices.push(await newDevice());
  const shared = randomBytes(100_000);
  const joiners = devices.map(({ id }) => ({ deviceId: id, secrets: randomBytes(150) }));
  const group = await newGroup();
  await group.commit({ welcome: { shared, joiners } });

  const ofGroup = await relay.db
    .selectFrom('welcomes')
    .selectAll()
    .where('group_id', '=', group.id)
    .execute();
  expect(ofGroup.map((row) => row.shared.equals(shared))).toEqual([true]);
  const inboxes = await relay.db
    .selectFrom('inbox')
    .selectAll()
    .where('welcome_id', '=', ofGroup[0]?.welcome_id ?? 0)
    .execute();
  expect(inboxes).toHaveLength(20);
  const bytesOf = (row: object) =>
    Object.values(row).reduce<number>((sum, value) => sum + (Buffer.isBuffer(value) ? value.length : 0), 0);
  expect([...ofGroup, ...inboxes].reduce((sum, row) => sum + bytesOf(row), 0)).toBe(100_000 + 20 * 150);

  for (const [i, device] of devices.entries()) {
    const { entries } = await inboxOf(device);
    expect(entries.map(({ secrets }) => secrets)).toEqual([toBase64Url(joiners[i]?.secrets ?? shared)]);
    expect(entries[0]?.shared).toBe(toBase64Url(shared));
  }
});

test('RLY-50 a page of an inbox ends by the size of both parts together', async () => {
  const device = await newDevice();
  const group = await newGroup();
  const joiners = [{ deviceId: device.id, secrets: randomBytes(100) }];
  for (let i = 0; i < 3; i += 1) await group.commit({ welcome: { shared: randomBytes(100), joiners } });
  const lengths = [];
  for (const maxBytes of [1, 399, 400, 599, 600]) {
    const page = await readInbox(relay.db, device.id, { cursor: 0, limit: 9, maxBytes });
    lengths.push(page.entries.length);
  }
  expect(lengths).toEqual([1, 1, 2, 2, 3]);
});

test('RLY-50 RLY-57 an inbox is read by pages, and not beyond its end', async () => {
  const device = await newDevice();
  const group = await newGroup();
  for (const text of ['1', '2', '3']) await group.commit({ welcome: welcome(text, device) });
  const page = await inboxOf(device, 0, 2);
  expect(page).toMatchObject({ cursor: 2, more: true });
  expect(await inboxOf(device, page.cursor)).toMatchObject({ cursor: 3, more: false });
  expect(await codeOf(inboxOf(device, 4))).toBe('CURSOR_INVALID');
  expect(await codeOf(device.api.inbox.acknowledge.mutate({ sequence: 4 }))).toBe('CURSOR_INVALID');
  expect(await codeOf(device.api.inbox.openStream.mutate({ cursor: 4 }))).toBe('CURSOR_INVALID');
});

test('RLY-56 sequences of an inbox are not used again after everything was acknowledged', async () => {
  const device = await newDevice();
  const group = await newGroup();
  await group.commit({ welcome: welcome('1', device) });
  await device.api.inbox.acknowledge.mutate({ sequence: 1 });
  await group.commit({ welcome: welcome('2', device) });
  expect((await inboxOf(device, 1)).entries.map(({ sequence }) => sequence)).toEqual([2]);
});

test('RLY-3 a commit that welcomes more devices than the limit is refused', async () => {
  const group = await newGroup();
  const deviceIds = Array.from({ length: LIMITS.maxJoiners + 1 }, () => newId());
  expect(await codeOf(group.commit({ welcome: welcomeFor(...deviceIds) }))).toBe('BAD_INPUT');
  // One fewer is within the limit: the relay goes on to look for the devices.
  expect(await codeOf(group.commit({ welcome: welcomeFor(...deviceIds.slice(1)) }))).toBe('NOT_FOUND');
  expect(await codeOf(group.commit({ welcome: welcomeFor() }))).toBe('BAD_INPUT');
});
