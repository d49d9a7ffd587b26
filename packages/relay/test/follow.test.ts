import { randomBytes } from 'node:crypto';
import { LIMITS, toBase64Url, type StreamEvent } from '@quicprochat/protocol';
import { newId, newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { localWake, nodePlatform } from '../src/index.ts';
import { addFollowUp } from '../src/store/follow-ups.ts';
import { hashOf, prune } from '../src/store/secrets.ts';
import { FollowUps } from '../src/streams/follow-ups.ts';
import { groupEvents } from '../src/streams/group-stream.ts';
import type { SharedPages } from '../src/streams/shared-pages.ts';
import { Signals } from '../src/streams/signals.ts';
import { streamTopic } from '../src/streams/topics.ts';
import { codeOf } from './support/api.ts';
import { TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay({ idleStreamMs: 30_000 })));
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();

/** A running stream, and how to add to it: each call may come to another relay than the one that serves it. */
async function open(...groups: [TestGroup, ...TestGroup[]]) {
  const inputs = groups.map((group) => group.streamInput());
  const { ticket } = await groups[0].api.groups.openStream.mutate({ groups: inputs });
  const stream = await TestStream.open(relay.url, ticket);
  const [event] = await stream.take(1);
  if (event?.type !== 'open' || event.stream === undefined) throw new Error('a stream without an id');
  return { id: event.stream, take: (count: number) => stream.take(count), stream };
}

function follow(id: string, group: TestGroup, options: Parameters<TestGroup['followInput']>[1] = {}) {
  return group.api.groups.follow.mutate({ stream: id, groups: [group.followInput(id, options)] });
}

/** Entries by their sequences, all else by its name. */
const told = (events: readonly StreamEvent[]) =>
  events.map((event) => (event.type === 'group-entry' ? event.entry.sequence : event.type));

test('RLY-68 a stream goes on from epoch to epoch, through whichever relay it is told to', async () => {
  const group = await newGroup();
  const { id, take, stream } = await open(group);
  for (let epoch = 1; epoch <= 6; epoch += 1) {
    const cursor = await group.commit();
    expect(told(await take(2))).toEqual([cursor, 'epoch-ended']);
    await follow(id, group, { cursor });
    expect(await take(1)).toEqual([{ type: 'following', groupId: group.id, epoch }]);
    await group.post('in the next epoch');
    expect(told(await take(1))).toEqual([cursor + 1]);
  }
  await stream[Symbol.asyncDispose]();
});

test('RLY-68 another group is added to a stream, from its cursor on, and those that it has go on', async () => {
  const [first, second] = [await newGroup(), await newGroup()];
  for (const text of ['1', '2', '3']) await second.post(text);
  const { id, take, stream } = await open(first);
  await follow(id, second, { cursor: 1 });
  expect(told(await take(3))).toEqual(['following', 2, 3]);
  await first.post('of the first');
  expect(await take(1)).toMatchObject([{ groupId: first.id, entry: { sequence: 1 } }]);
  await second.post('of the second');
  expect(await take(1)).toMatchObject([{ groupId: second.id, entry: { sequence: 4 } }]);
  await second.signal('said');
  expect(await take(1)).toMatchObject([{ type: 'signal', groupId: second.id }]);
  await stream[Symbol.asyncDispose]();
});

test('RLY-68 a group that a stream has is followed in the new place alone', async () => {
  const group = await newGroup();
  const { id, take, stream } = await open(group);
  // As who made the commit does: its stream has not shown it to it when it goes on.
  const cursor = await group.commit();
  await follow(id, group, { cursor });
  const before = new Set([cursor, 'epoch-ended', 'following']);
  let event: number | string | undefined = cursor;
  do {
    expect(before).toContain(event);
    [event] = told(await take(1));
  } while (event !== 'following');
  await group.post('next');
  await group.signal('said');
  expect(told(await take(2)).sort()).toEqual([cursor + 1, 'signal']);
  await stream[Symbol.asyncDispose]();
});

test('RLY-68 RLY-36 what an old key adds ends where its epoch did', async () => {
  const [own, other] = [await newGroup(), await newGroup()];
  await other.post('1');
  const cursor = await other.commit();
  await other.post('not for the old key');
  const { id, take, stream } = await open(own);
  await follow(id, other, { epoch: 0 });
  expect(told(await take(4))).toEqual(['following', 1, cursor, 'epoch-ended']);
  await own.post('next');
  expect(await take(1)).toMatchObject([{ groupId: own.id }]);
  await stream[Symbol.asyncDispose]();
});

test('RLY-68 nothing is added without a proof for that very stream, nor beyond what the key opens', async () => {
  const [own, other] = [await newGroup(), await newGroup()];
  const { id, take, stream } = await open(own);
  expect(await codeOf(follow(id, other, { key: newSigner() }))).toBe('NOT_AUTHORIZED');
  expect(await codeOf(follow(id, other, { cursor: 1 }))).toBe('CURSOR_INVALID');
  const forAnother = other.followInput(toBase64Url(randomBytes(32)));
  const moved = other.api.groups.follow.mutate({ stream: id, groups: [forAnother] });
  expect(await codeOf(moved)).toBe('NOT_AUTHORIZED');
  const opening = other.api.groups.follow.mutate({ stream: id, groups: [other.streamInput()] });
  expect(await codeOf(opening)).toBe('NOT_AUTHORIZED');
  await other.post('unheard');
  await own.post('heard');
  expect(await take(1)).toMatchObject([{ type: 'group-entry', groupId: own.id }]);
  await stream[Symbol.asyncDispose]();
});

test('RLY-68 what a stream that is gone was given goes after half a minute, and its id is stored as a hash', async () => {
  const group = await newGroup();
  const id = randomBytes(32);
  expect(await follow(toBase64Url(id), group)).toEqual({});
  const waiting = async () =>
    (await relay.db.selectFrom('follow_ups').selectAll().execute()).map(({ stream_hash }) =>
      stream_hash.toString('hex'),
    );
  expect(await waiting()).toEqual([hashOf(id).toString('hex')]);
  await prune(relay.db, relay.clock.now() + LIMITS.ticketLifetimeMs + 1);
  expect(await waiting()).toEqual([]);
});

test('RLY-62 a stream with nothing left to follow ends after its time, unless it is given something', async () => {
  const brief = await startRelay({ idleStreamMs: 2_000 });
  try {
    const group = await new TestGroup(brief.url).create();
    const { ticket } = await group.api.groups.openStream.mutate({ groups: [group.streamInput()] });
    await using stream = await TestStream.open(brief.url, ticket);
    const [opened] = await stream.take(1);
    const cursor = await group.commit();
    await stream.take(2);
    await follow((opened as { stream: string }).stream, group, { cursor });
    await stream.take(1);
    await group.commit();
    await stream.take(2);
    expect(await stream.next()).toBeUndefined();
    expect(stream.end).toEqual({ type: 'closed' });
  } finally {
    await brief.close();
  }
});

test('RLY-68 a stream follows no more groups than one can be opened with', async () => {
  const wake = localWake();
  const pages = {
    listen: () => () => undefined,
    page: async () => ({ events: [], cursor: 0, more: false, ended: false }),
  };
  const ctx = {
    db: relay.db,
    platform: nodePlatform,
    pages: pages as unknown as SharedPages,
    signals: new Signals(wake),
    followUps: new FollowUps(relay.db, wake),
    idleStreamMs: 0,
  };
  const place = (id: string = newId()) => ({ groupId: id, logId: id, epoch: 0, cursor: 0 });
  const groups = Array.from({ length: LIMITS.maxStreamGroups }, () => place());
  const events = groupEvents(ctx, { groups }, new AbortController().signal);
  const opened = await events.next();
  const { stream = '' } = opened.value as { stream?: string };
  const hash = hashOf(Buffer.from(stream, 'base64url'));
  const give = async (...places: ReturnType<typeof place>[]) => {
    await addFollowUp(relay.db, hash, places, relay.clock.now() + 1_000);
    wake.notify(streamTopic(hash));
  };
  await give(groups[0] ?? place());
  expect((await events.next()).value).toMatchObject({ type: 'following' });
  await give(place());
  await expect(events.next()).rejects.toThrow('QUOTA_EXCEEDED');
});
