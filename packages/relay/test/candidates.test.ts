import { randomBytes } from 'node:crypto';
import { toBase64Url } from '@quicprochat/protocol';
import { newId, newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { problemsOf } from '../src/index.ts';
import { codeOf, refusalOf } from './support/api.ts';
import { TestDevice } from './support/device.ts';
import { TestGroup, welcomeFor, type CommitOptions } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(async () => {
  expect(await problemsOf(relay.db)).toEqual([]);
  await relay.close();
});

/** A group whose first epoch a member has ended by a commit that no other can take. */
async function wedgedGroup() {
  const group = await new TestGroup(relay.url).create();
  await group.post('before');
  const garbage = { id: newId(), nextKey: newSigner() };
  await group.api.groups.commit.mutate(group.commitInput(garbage));
  return { group, garbage, wedge: new TestGroup(relay.url, group.id, [...group.keys, garbage.nextKey]) };
}

/** Brings a commit for epoch 0 as this candidate, and follows it. */
async function follow(group: TestGroup, candidate: number, options: CommitOptions = {}): Promise<number> {
  return group.commit({ ...options, epoch: 0, candidate });
}

test('RLY-47 a garbage commit does not hold a group up: the next candidate goes on from the same place', async () => {
  const { group, garbage } = await wedgedGroup();
  const id = newId();
  expect(await follow(group, 1, { id })).toBe(2);
  expect(await group.post('after')).toBe(3);
  expect(await group.commit()).toBe(4);
  expect(await group.post('and on')).toBe(5);
  const entries = await paged(group);
  expect(entries.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5]);
  expect(entries[1]).toMatchObject({ id, kind: 'commit', epoch: 0, candidate: 1 });
  expect(entries.map((entry) => entry.id)).not.toContain(garbage.id);
  expect(entries[3]).toMatchObject({ kind: 'commit', epoch: 1, candidate: 0 });
});

test('RLY-47 the lines of a log know nothing of each other', async () => {
  const { group, wedge } = await wedgedGroup();
  await follow(group, 1);
  await group.post('honest');
  await wedge.post('wedged');
  await wedge.post('wedged again');
  expect((await paged(group)).map(({ payload }) => payload)).toEqual([
    text('before'),
    expect.any(String),
    text('honest'),
  ]);
  const seen = (await wedge.read()).entries;
  expect(seen).toHaveLength(4);
  expect(seen.map(({ payload }) => payload)).not.toContain(text('honest'));
  expect(await codeOf(wedge.read({ cursor: 5 }))).toBe('CURSOR_INVALID');
});

test('RLY-47 of 30 who bring the next candidate at once, one wins and the others are told which', async () => {
  const { group } = await wedgedGroup();
  const rivals = Array.from({ length: 30 }, () => ({ id: newId(), nextKey: newSigner(), candidate: 1 }));
  const calls = rivals.map((rival) => group.api.groups.commit.mutate(group.commitInput(rival)));
  const settled = await Promise.allSettled(calls);
  const won = settled.flatMap(({ status }, i) => (status === 'fulfilled' ? [i] : []));
  expect(won).toHaveLength(1);
  const winner = { id: rivals[won[0] ?? 0]?.id, sequence: 2 };
  const losers = calls.filter((_, i) => i !== won[0]);
  for (const { code, details } of await Promise.all(losers.map(refusalOf)))
    expect([code, details.winner]).toEqual(['EPOCH_CONFLICT', winner]);
  expect((await group.candidate(1, { epoch: 0 })).entry).toMatchObject(winner);
  expect((await group.candidate(2, { epoch: 0 })).entry).toBeNull();
});

test('RLY-47 a candidate that leaves one out is refused, and one for an epoch that goes on', async () => {
  const { group } = await wedgedGroup();
  const skipped = await refusalOf(group.commit({ epoch: 0, candidate: 2 }));
  expect([skipped.code, skipped.details.issues?.[0]?.path]).toEqual(['BAD_INPUT', 'candidate']);
  expect(await codeOf((await new TestGroup(relay.url).create()).commit({ candidate: 1 }))).toBe('BAD_INPUT');
  expect((await group.candidate(1, { epoch: 0 })).entry).toBeNull();
});

test('RLY-47 a wedge can be followed by another, in a later epoch too', async () => {
  const { group } = await wedgedGroup();
  for (const candidate of [1, 2]) await group.api.groups.commit.mutate(group.commitInput({ candidate }));
  await follow(group, 3);
  await group.post('one');
  await group.api.groups.commit.mutate(group.commitInput());
  await group.commit({ candidate: 1 });
  await group.post('two');
  const entries = await paged(group);
  expect(entries.map((entry) => (entry.kind === 'commit' ? entry.candidate : entry.payload))).toEqual([
    text('before'),
    3,
    text('one'),
    1,
    text('two'),
  ]);
  for (const limit of [1, 2]) expect(await paged(group, limit)).toEqual(entries);
});

test('RLY-43 RLY-44 a candidate that is repeated is stored once, and its id is good for nothing else', async () => {
  const { group } = await wedgedGroup();
  const commit = { id: newId(), payload: randomBytes(20), nextKey: newSigner(), candidate: 1, epoch: 0 };
  const sequences = await Promise.all(
    Array.from({ length: 9 }, () => group.api.groups.commit.mutate(group.commitInput(commit))),
  );
  expect(new Set(sequences.map(({ sequence }) => sequence))).toEqual(new Set([2]));
  const other = group.commitInput({ ...commit, payload: randomBytes(20) });
  expect(await codeOf(group.api.groups.commit.mutate(other))).toBe('IDEMPOTENCY_CONFLICT');
  expect((await group.candidate(2, { epoch: 0 })).entry).toBeNull();
});

test('RLY-36 RLY-47 who was removed can bring a candidate, and who took the commit before it is not shown it', async () => {
  const group = await new TestGroup(relay.url).create();
  const removed = new TestGroup(relay.url, group.id, [...group.keys]);
  await group.commit();
  expect(await codeOf(removed.post('x'))).toBe('STALE_EPOCH');
  expect(await codeOf(removed.commit())).toBe('EPOCH_CONFLICT');
  await follow(removed, 1);
  await removed.post('to nobody');
  await group.post('among us');
  expect((await paged(group)).map(({ payload }) => payload)).not.toContain(text('to nobody'));
  expect((await paged(removed)).map(({ payload }) => payload)).not.toContain(text('among us'));
});

test('RLY-47 RLY-61 a stream brings the entries of its own line', async () => {
  const { group, wedge } = await wedgedGroup();
  await follow(group, 1);
  const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
  await using stream = await TestStream.open(relay.url, ticket);
  await wedge.post('wedged');
  await group.post('honest');
  const events = await stream.take(4);
  const payloads = events.flatMap((event) => (event.type === 'group-entry' ? [event.entry.payload] : []));
  expect(payloads.at(-1)).toBe(text('honest'));
  expect(payloads).toHaveLength(3);
});

test('RLY-48 the commits of an epoch are told by number, to who holds its key', async () => {
  const { group, garbage } = await wedgedGroup();
  expect((await group.candidate(0, { epoch: 0 })).entry).toMatchObject({ id: garbage.id, candidate: 0 });
  expect((await group.candidate(1, { epoch: 0 })).entry).toBeNull();
  await follow(group, 1);
  expect((await group.candidate(1, { epoch: 0 })).entry).toMatchObject({ sequence: 2, candidate: 1 });
  expect((await group.candidate(0)).entry).toBeNull();
  expect(await codeOf(group.candidate(0, { epoch: 0, key: newSigner() }))).toBe('NOT_AUTHORIZED');
});

test('RLY-49 a commit is told with the key that its sender gave, so that a wrong one shows', async () => {
  const group = await new TestGroup(relay.url).create();
  const nextKey = newSigner();
  await group.commit({ nextKey });
  const [entry] = (await group.read({ epoch: 0 })).entries;
  expect(entry).toMatchObject({ nextAccessKey: toBase64Url(nextKey.publicKey) });
});

test('RLY-17 a key that the group has had begins no epoch', async () => {
  const { group, garbage } = await wedgedGroup();
  for (const nextKey of [garbage.nextKey, group.keys[0] ?? newSigner()]) {
    const { code, details } = await refusalOf(follow(group, 1, { nextKey }));
    expect([code, details.issues?.[0]?.path]).toEqual(['BAD_INPUT', 'nextAccessKey']);
  }
});

test('RLY-41 RLY-47 the Welcome of a candidate reaches its joiners, who read on in its line', async () => {
  const device = await new TestDevice(relay.url, `candidate-${newId().slice(0, 9)}`).register();
  const { group } = await wedgedGroup();
  await follow(group, 1, { welcome: welcomeFor(device.id) });
  await group.post('hello');
  const [welcome] = (await device.api.inbox.read.mutate({ cursor: 0, limit: 9 })).entries;
  expect(welcome).toMatchObject({ groupId: group.id, groupSequence: 2 });
  const { entries } = await group.read({ cursor: welcome?.groupSequence ?? 0 });
  expect(entries.map(({ payload }) => payload)).toEqual([text('hello')]);
});

function text(words: string): string {
  return toBase64Url(Buffer.from(words));
}

/** All that a group's key opens, by pages. */
async function paged(group: TestGroup, limit = 500) {
  const entries = [];
  for (let cursor = 0, more = true; more;) {
    const page = await group.read({ cursor, limit });
    entries.push(...page.entries);
    ({ cursor, more } = page);
  }
  return entries;
}
