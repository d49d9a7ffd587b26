import { randomBytes } from 'node:crypto';
import { LIMITS } from '@quicprochat/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { appendMessage, findAccess, readEntries } from '../src/store/groups.ts';
import { codeOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup } from './support/group.ts';
import { newId } from './support/keys.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

let relay: TestRelay;
let count = 0;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();
const newDevice = () => new TestDevice(relay.url, `reader-${++count}`).register();
const inboxOf = (device: TestDevice, cursor = 0, limit = 500) =>
  device.api.inbox.read.mutate({ cursor, limit });
const welcome = (payload: string, ...devices: TestDevice[]) => ({
  recipients: devices.map(({ id }) => id as string),
  payload: Buffer.from(payload),
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
  expect(await group.read({ cursor: 5 })).toEqual({ entries: [], cursor: 5, more: false, ended: false });
});

test('RLY-50 a page holds at most 500 entries, whatever is asked for', async () => {
  const group = await newGroup();
  for (let i = 0; i < LIMITS.maxPageEntries + 1; i += 1) {
    const payload = randomBytes(8);
    await appendMessage(relay.db, { groupId: group.id, epoch: 0, id: newId(), payload });
  }
  const page = await group.read({ limit: 1_000_000_000 });
  expect(page.entries).toHaveLength(LIMITS.maxPageEntries);
  expect(page).toMatchObject({ cursor: LIMITS.maxPageEntries, more: true });
  expect((await group.read({ cursor: page.cursor })).entries).toHaveLength(1);
});

test('RLY-50 a page ends before it gets too large, and always holds one entry', async () => {
  const group = await newGroup();
  const payload = randomBytes(LIMITS.maxCommitBytes);
  for (let i = 0; i < 3; i += 1) await group.commit({ payload });
  const page = await group.read();
  expect(page.entries).toHaveLength(Math.floor(LIMITS.maxPageBytes / payload.length));
  expect(page.more).toBe(true);
  const access = await findAccess(relay.db, group.id, group.epoch);
  if (access === undefined) throw new Error('no access');
  const tiny = await readEntries(relay.db, { groupId: group.id, cursor: 0, limit: 9, maxBytes: 1, access });
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
  const access = await findAccess(relay.db, group.id, 0);
  await group.commit();
  await group.post('next epoch');
  if (access === undefined) throw new Error('no access');
  const page = await readEntries(relay.db, { groupId: group.id, cursor: 0, limit: 9, access });
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
  await group.commit({ welcomes: [welcome('for both', alice, bob), welcome('for bob', bob)] });
  const stored = async () =>
    (await relay.db.selectFrom('welcomes').select('payload').where('group_id', '=', group.id).execute()).map(
      ({ payload }) => payload.toString(),
    );
  expect(await stored()).toEqual(['for both', 'for bob']);

  const entry = { sequence: 1, groupId: group.id, groupSequence: 2 };
  const payload = Buffer.from('for both').toString('base64url');
  expect(await inboxOf(alice)).toEqual({ entries: [{ ...entry, payload }], cursor: 1, more: false });
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

test('RLY-55 a device that is named twice is welcomed once', async () => {
  const device = await newDevice();
  const group = await newGroup();
  await group.commit({ welcomes: [welcome('twice', device, device)] });
  expect((await inboxOf(device)).entries).toHaveLength(1);
});

test('RLY-50 RLY-57 an inbox is read by pages, and not beyond its end', async () => {
  const device = await newDevice();
  const group = await newGroup();
  for (const text of ['1', '2', '3']) await group.commit({ welcomes: [welcome(text, device)] });
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
  await group.commit({ welcomes: [welcome('1', device)] });
  await device.api.inbox.acknowledge.mutate({ sequence: 1 });
  await group.commit({ welcomes: [welcome('2', device)] });
  expect((await inboxOf(device, 1)).entries.map(({ sequence }) => sequence)).toEqual([2]);
});

test('RLY-3 a commit that welcomes more devices than the limit is refused', async () => {
  const group = await newGroup();
  const recipients = Array.from({ length: LIMITS.maxWelcomeRecipients }, () => newId());
  const welcomes = [
    { recipients, payload: randomBytes(1) },
    { recipients: [newId()], payload: randomBytes(1) },
  ];
  expect(await codeOf(group.commit({ welcomes }))).toBe('BAD_INPUT');
});
