import { LIMITS, type StreamEvent } from '@quicprochat/protocol';
import { randomBytes } from 'node:crypto';
import { newSigner } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { localWake, nodePlatform } from '../src/index.ts';
import { RATES } from '../src/limits/rates.ts';
import { Notary } from '../src/proof/notary.ts';
import { FollowUps } from '../src/streams/follow-ups.ts';
import { groupEvents } from '../src/streams/group-stream.ts';
import { SharedPages } from '../src/streams/shared-pages.ts';
import { Signals } from '../src/streams/signals.ts';
import { MAX_TEXT_BYTES } from '../src/wake/bus.ts';
import { OutgoingSignals } from '../src/wake/outgoing-signals.ts';
import { codeOf, refusalOf } from './support/api.ts';
import { gainsNothing } from './support/attack.ts';
import { TestGroup } from './support/group.ts';
import { startRelay, type TestRelay } from './support/relay.ts';
import { TestStream } from './support/stream.ts';

vi.mock(import('../src/streams/topics.ts'), async (original) =>
  (await import('./support/defences.ts')).mocked.topics(await original()),
);

let relay: TestRelay;
beforeAll(async () => void (relay = await startRelay()));
afterAll(() => relay.close());

const newGroup = () => new TestGroup(relay.url).create();

async function open(...groups: TestGroup[]): Promise<TestStream> {
  const inputs = groups.map((group) => group.streamInput());
  const { ticket } = await relayOf(groups).openStream.mutate({ groups: inputs });
  const stream = await TestStream.open(relay.url, ticket);
  await stream.take(1);
  return stream;
}

const relayOf = ([group]: TestGroup[]) => (group ?? new TestGroup(relay.url)).api.groups;

/** What was said, and entries and ends by their names. */
const told = (events: readonly StreamEvent[]) =>
  events.map((event) =>
    event.type === 'signal' ? Buffer.from(event.payload, 'base64url').toString() : event.type,
  );

test('RLY-66 a signal goes to all streams that follow its epoch, through whichever relay, and to no other group’s', async () => {
  const [group, other] = [await newGroup(), await newGroup()];
  const streams = await Promise.all(Array.from({ length: 6 }, () => open(group, other)));
  await using stranger = await open(other);
  for (const text of ['a', 'b', 'c']) await group.signal(text);
  for (const stream of streams) {
    const events = await stream.take(3);
    expect(told(events).sort()).toEqual(['a', 'b', 'c']);
    expect(events[0]).toMatchObject({ groupId: group.id, epoch: 0 });
  }
  // After that, nothing that was left over: each came once.
  await other.post('an entry');
  for (const stream of [...streams, stranger]) {
    expect(told(await stream.take(1))).toEqual(['group-entry']);
    await stream[Symbol.asyncDispose]();
  }
});

test('RLY-66 who comes later gets none of it, and it stands in no table: a nonce is all that is kept', async () => {
  const group = await newGroup();
  const before = await rows();
  const canary = randomBytes(20).toString('hex');
  await group.signal(canary);
  const after = await rows();
  expect(after.get('nonces')).toBe((before.get('nonces') ?? 0) + 1);
  before.delete('nonces');
  after.delete('nonces');
  expect(after).toEqual(before);
  await using late = await open(group);
  await group.post('an entry');
  expect(told(await late.take(1))).toEqual(['group-entry']);
});

/** How many rows each table has. */
async function rows(): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const { name } of await relay.db.introspection.getTables()) {
    const all = await relay.db
      .selectFrom(name as 'entries')
      .selectAll()
      .execute();
    counts.set(name, all.length);
  }
  return counts;
}

test('RLY-66 only a member of the epoch that goes on can send one', async () => {
  const group = await newGroup();
  await group.commit();
  await using stream = await open(group);
  await stream.take(1);
  const old = await refusalOf(group.signal('from before', { epoch: 0 }));
  expect(old).toMatchObject({ code: 'STALE_EPOCH', details: { head: { epoch: 1, sequence: 1 } } });
  expect(await codeOf(group.signal('strange', { key: newSigner() }))).toBe('NOT_AUTHORIZED');
  await group.signal('good');
  expect(told(await stream.take(1))).toEqual(['good']);
});

test('RLY-67 one of the largest size is taken, one byte more is not', async () => {
  const group = await newGroup();
  await using stream = await open(group);
  const payload = randomBytes(LIMITS.maxSignalBytes);
  await group.signal('', { payload });
  expect(await stream.take(1)).toMatchObject([{ type: 'signal', payload: payload.toString('base64url') }]);
  const more = group.signal('', { payload: randomBytes(LIMITS.maxSignalBytes + 1) });
  expect(await codeOf(more)).toBe('PAYLOAD_TOO_LARGE');
});

test('RLY-67 a group has so many a minute, and its messages do not count among them', async () => {
  const strict = await startRelay({ rateFactor: 0.01, instances: 1 });
  try {
    const group = await new TestGroup(strict.url).create();
    const most = RATES.signal * 0.01;
    for (let i = 0; i < most; i += 1) await group.signal(`${i}`);
    const more = group.signalInput();
    // Twice: what is turned away has used nothing up. [RLY-34]
    for (let i = 0; i < 2; i += 1)
      expect(await codeOf(group.api.groups.signal.mutate(more))).toBe('RATE_LIMITED');
    expect(await group.post('a message')).toBe(1);
    const other = await new TestGroup(strict.url).create();
    await other.signal('another group');
  } finally {
    await strict.close();
  }
});

test('RLY-67 who was removed takes nothing of it by a line of his own', async () => {
  const strict = await startRelay({ rateFactor: 0.01, instances: 1 });
  try {
    const group = await new TestGroup(strict.url).create();
    const removed = new TestGroup(strict.url, group.id, [...group.keys]);
    await group.commit();
    await removed.commit({ candidate: 1 });
    for (let i = 0; i < RATES.signal * 0.01; i += 1) await removed.signal(`${i}`);
    expect(await codeOf(removed.signal('one more'))).toBe('RATE_LIMITED');
    await group.signal('the others');
  } finally {
    await strict.close();
  }
});

/** A stream of a group whose reader takes an event when the test does, and not before. */
async function readByHand() {
  const wake = localWake();
  const own = await startRelay({ wake, instances: 1 });
  const group = await new TestGroup(own.url).create();
  const ctx = {
    db: own.db,
    platform: nodePlatform,
    pages: new SharedPages(own.db, wake, new Notary(own.db, nodePlatform)),
    signals: new Signals(wake),
    followUps: new FollowUps(own.db, wake),
    idleStreamMs: 0,
  };
  const groups = [{ groupId: group.id, logId: group.id, epoch: 0, cursor: 0 }];
  const leaving = new AbortController();
  const events = groupEvents(ctx, { groups }, leaving.signal);
  await events.next();
  return {
    group,
    take: async (count: number) => {
      const taken: StreamEvent[] = [];
      while (taken.length < count) {
        const { done, value } = await events.next();
        if (done === true) break;
        taken.push(value);
      }
      return taken;
    },
    [Symbol.asyncDispose]: async () => {
      leaving.abort();
      await events.return(undefined);
      await own.close();
    },
  };
}

gainsNothing(
  'RLY-66 RLY-36 a stream that is behind when its member is removed gets nothing of what is said after that',
  'the epochs of signals',
  async () => {
    await using removed = await readByHand();
    await removed.group.signal('before');
    await removed.group.post('an entry');
    expect(told(await removed.take(2))).toEqual(['before', 'group-entry']);
    await removed.group.commit();
    await removed.group.signal('after');
    return told(await removed.take(3)).filter((text) => text === 'after').length;
  },
);

test('RLY-67 a slow reader has a few of the latest waiting, and what is stored for it all the same', async () => {
  await using slow = await readByHand();
  await slow.group.post('an entry');
  for (let i = 0; i < 60; i += 1) await slow.group.signal(`${i}`);
  const latest = Array.from({ length: 16 }, (_, i) => `${44 + i}`);
  expect(told(await slow.take(17))).toEqual([...latest, 'group-entry']);
});

test('RLY-67 a bus that is slow has a few of the latest waiting, in texts that it takes', async () => {
  const texts: string[] = [];
  let release: () => void = () => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  const outgoing = new OutgoingSignals(async (words) => {
    texts.push(words);
    await held;
  });
  const longest = 'x'.repeat(33 + Math.ceil((LIMITS.maxSignalBytes * 4) / 3));
  outgoing.add('first');
  await vi.waitFor(() => expect(texts).toEqual(['first']));
  for (let i = 0; i < 1_000; i += 1) outgoing.add(`${i}${longest}`.slice(0, longest.length));
  release();
  await vi.waitFor(() => expect(texts.at(-1)).toContain('999x'));
  const words = texts.slice(1).join(' ').split(' ');
  expect(words.map((word) => parseInt(word))).toEqual(Array.from({ length: 256 }, (_, i) => 744 + i));
  for (const text of texts) expect(text.length + 17).toBeLessThanOrEqual(MAX_TEXT_BYTES);
});
