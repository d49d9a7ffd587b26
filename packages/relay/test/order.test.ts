import { randomBytes } from 'node:crypto';
import { newId, newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { codeOf, refusalOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup, welcomeFor } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();
const everything = async (group: TestGroup) => (await group.read()).entries;

test('RLY-40 of 100 commits for one epoch at once, one wins and 99 are told which', async () => {
  const group = await newGroup();
  await group.post('first');
  const rivals = Array.from({ length: 100 }, () => ({ id: newId(), nextKey: newSigner() }));
  const calls = rivals.map((rival) => group.api.groups.commit.mutate(group.commitInput(rival)));
  const accepted = (await Promise.allSettled(calls)).filter(({ status }) => status === 'fulfilled');
  expect(accepted).toMatchObject([{ status: 'fulfilled', value: { sequence: 2 } }]);

  const winner = rivals[(await Promise.allSettled(calls)).findIndex(({ status }) => status === 'fulfilled')];
  const losers = calls.filter((_, i) => rivals[i] !== winner);
  for (const refusal of await Promise.all(losers.map(refusalOf))) {
    expect(refusal.code).toBe('EPOCH_CONFLICT');
    expect(refusal.details).toEqual({
      winner: { id: winner?.id, sequence: 2 },
      head: { epoch: 1, sequence: 2 },
    });
  }
  if (winner) group.keys.push(winner.nextKey);
  expect((await everything(group)).map(({ kind }) => kind)).toEqual(['message', 'commit']);
});

test('RLY-40 the winner of an old epoch is told as long as anyone asks', async () => {
  const group = await newGroup();
  const id = newId();
  await group.commit({ id });
  await group.commit();
  const { details } = await refusalOf(group.commit({ epoch: 0 }));
  expect(details).toEqual({ winner: { id, sequence: 1 }, head: { epoch: 2, sequence: 2 } });
});

test('RLY-42 writes at once get the sequences 1, 2, 3 … without a gap, and stand there', async () => {
  const group = await newGroup();
  const ids = Array.from({ length: 60 }, () => newId());
  const sequences = await Promise.all(ids.map((id) => group.post('x', { id })));
  expect([...sequences].sort((a, b) => a - b)).toEqual(ids.map((_, i) => i + 1));
  const entries = await everything(group);
  expect(entries.map(({ sequence }) => sequence)).toEqual(ids.map((_, i) => i + 1));
  for (const [i, id] of ids.entries()) expect(entries[(sequences[i] ?? 0) - 1]?.id).toBe(id);
});

test('RLY-42 a refused write takes no sequence', async () => {
  const group = await newGroup();
  await group.commit();
  await codeOf(group.post('x', { epoch: 0 }));
  await codeOf(group.commit({ epoch: 0 }));
  await codeOf(group.commit({ welcome: welcomeFor(newId()) }));
  expect(await group.post('next')).toBe(2);
});

test('RLY-43 a repeated write gets the first answer, and stands once', async () => {
  const group = await newGroup();
  const message = { id: newId(), payload: randomBytes(20) };
  const commit = { id: newId(), payload: randomBytes(20), nextKey: newSigner() };
  const posts = await Promise.all(Array.from({ length: 20 }, () => group.post('', message)));
  expect(new Set(posts)).toEqual(new Set([1]));
  expect(await group.commit(commit)).toBe(2);
  const again = () => group.api.groups.commit.mutate(group.commitInput({ ...commit, epoch: 0 }));
  expect(await again()).toMatchObject({ sequence: 2 });
  expect(await group.post('', { ...message, epoch: 0 })).toBe(1);
  await group.commit();
  expect(await again()).toMatchObject({ sequence: 2 });
  expect((await everything(group)).map(({ id }) => id).slice(0, 2)).toEqual([message.id, commit.id]);
});

test('RLY-43 a repeated commit delivers its Welcome once', async () => {
  const device = await new TestDevice(relay.url, 'welcomed').register();
  const group = await newGroup();
  const commit = {
    id: newId(),
    payload: randomBytes(9),
    nextKey: newSigner(),
    epoch: 0,
    welcome: welcomeFor(device.id),
  };
  for (let i = 0; i < 3; i += 1) await group.api.groups.commit.mutate(group.commitInput(commit));
  expect((await device.api.inbox.read.mutate({ cursor: 0, limit: 9 })).entries).toHaveLength(1);
});

test.each([
  ['other bytes', { payload: randomBytes(21) }],
  ['another next key', { nextKey: newSigner() }],
  ['a Welcome', { welcome: welcomeFor(newId()) }],
])('RLY-44 an entry id is not good for %s', async (_what, change) => {
  const group = await newGroup();
  const commit = { id: newId(), payload: randomBytes(20), nextKey: newSigner() };
  await group.commit(commit);
  expect(await codeOf(group.commit({ ...commit, epoch: 0, ...change }))).toBe('IDEMPOTENCY_CONFLICT');
});

test('RLY-44 an entry id is not good for another Welcome, in whichever part it differs', async () => {
  const device = await new TestDevice(relay.url, 'named').register();
  const group = await newGroup();
  const welcome = welcomeFor(device.id);
  const commit = { id: newId(), payload: randomBytes(20), nextKey: newSigner(), welcome };
  await group.commit(commit);
  const [joiner] = welcome.joiners;
  if (joiner === undefined) throw new Error('a Welcome for nobody');
  for (const other of [
    null,
    { ...welcome, shared: randomBytes(20) },
    { ...welcome, joiners: [{ ...joiner, secrets: randomBytes(9) }] },
    { ...welcome, joiners: [{ ...joiner, deviceId: newId() }] },
    { ...welcome, joiners: [joiner, { ...joiner, deviceId: newId() }] },
  ]) {
    const call = group.commit({ ...commit, epoch: 0, welcome: other });
    expect(await codeOf(call)).toBe('IDEMPOTENCY_CONFLICT');
  }
});

test('RLY-44 a message’s id is not good for a commit or another message', async () => {
  const group = await newGroup();
  const id = newId();
  const payload = randomBytes(20);
  await group.post('', { id, payload });
  expect(await codeOf(group.post('', { id, payload: randomBytes(20) }))).toBe('IDEMPOTENCY_CONFLICT');
  expect(await codeOf(group.commit({ id, payload }))).toBe('IDEMPOTENCY_CONFLICT');
});

test('RLY-44 entry ids of one group say nothing in another', async () => {
  const id = newId();
  const [first, second] = [await newGroup(), await newGroup()];
  expect(await first.post('a', { id })).toBe(1);
  expect(await second.post('b', { id })).toBe(1);
});

test('RLY-45 a message for an ended epoch is told where the group stands', async () => {
  const group = await newGroup();
  await group.commit();
  await group.post('x');
  const refusal = await refusalOf(group.post('late', { epoch: 0 }));
  expect(refusal).toMatchObject({ code: 'STALE_EPOCH', details: { head: { epoch: 1, sequence: 2 } } });
});

test('RLY-41 a joiner that is an unknown device: nothing of the commit is stored', async () => {
  const known = await new TestDevice(relay.url, 'known').register();
  const group = await newGroup();
  const inboxRows = () => relay.db.selectFrom('inbox').select('sequence').where('device_id', '=', known.id);
  expect(await codeOf(group.commit({ welcome: welcomeFor(known.id, newId()) }))).toBe('NOT_FOUND');
  expect(await group.read()).toMatchObject({ entries: [], cursor: 0, ended: false, more: false });
  expect((await known.api.inbox.read.mutate({ cursor: 0, limit: 9 })).entries).toEqual([]);
  expect(await inboxRows().execute()).toEqual([]);
  expect(
    await relay.db.selectFrom('welcomes').select('welcome_id').where('group_id', '=', group.id).execute(),
  ).toEqual([]);
  expect(await group.commit()).toBe(1);
});

test('RLY-41 a joiner that is named twice is bad input, and nothing of the commit is stored', async () => {
  const device = await new TestDevice(relay.url, 'twice').register();
  const group = await newGroup();
  const { code, details } = await refusalOf(group.commit({ welcome: welcomeFor(device.id, device.id) }));
  expect([code, details.issues?.[0]?.path]).toEqual(['BAD_INPUT', 'welcome.joiners']);
  expect((await group.read()).entries).toEqual([]);
  expect((await device.api.inbox.read.mutate({ cursor: 0, limit: 9 })).entries).toEqual([]);
});

test('RLY-40 RLY-42 commits, messages and readers at once: one log, the same for all', async () => {
  const group = await newGroup();
  const posted: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const epoch = group.epoch;
    const posts = Array.from({ length: 10 }, () =>
      group.post('m', { epoch }).then(
        (at) => posted.push(at),
        () => 0,
      ),
    );
    const rivals = Array.from({ length: 5 }, () => ({ epoch, nextKey: newSigner() }));
    const commits = rivals.map(async (rival) => {
      await group.api.groups.commit.mutate(group.commitInput(rival));
      group.keys.push(rival.nextKey);
    });
    await Promise.allSettled([...posts, ...commits]);
    expect(group.epoch).toBe(epoch + 1);
  }
  const entries = await everything(group);
  expect(entries.map(({ sequence }) => sequence)).toEqual(entries.map((_, i) => i + 1));
  expect(entries.filter(({ kind }) => kind === 'commit').map(({ epoch }) => epoch)).toEqual([0, 1, 2, 3, 4]);
  const messages = entries.filter(({ kind }) => kind === 'message').map(({ sequence }) => sequence);
  expect(messages).toEqual(posted.sort((a, b) => a - b));
});
