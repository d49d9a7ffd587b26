import { followInputSchema, LIMITS, openGroupsStreamInputSchema, type GroupId } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import type { Platform } from '../platform/platform.ts';
import type { RelayEvent } from '../transport/answers.ts';
import type { Place } from '../transport/events.ts';
import { GroupStreams } from './group-streams.ts';

/** So many groups, from a first one on. */
function groups(count: number, first = 0): Place[] {
  return Array.from({ length: count }, (_, i) => ({
    groupId: (first + i).toString(16).padStart(32, '0') as GroupId,
    epoch: 1,
    cursor: 5,
  }));
}

/** What the relay's own schemas say of the number of groups in a call. */
function requireWithinLimits(
  { shape }: Pick<typeof openGroupsStreamInputSchema, 'shape'>,
  places: readonly Place[],
): void {
  shape.groups.parse(places.map((place) => ({ ...place, proof: PROOF })));
}

const PROOF = {
  issuedAtMs: 0,
  nonce: 'A'.repeat(22),
  accessKey: 'A'.repeat(43),
  signature: 'A'.repeat(86),
};

interface Stream {
  groupIds: Set<string>;
  say: (event: RelayEvent) => void;
  fail: () => void;
}

/** A client in these groups on a relay that opens every stream within its limits, and says that it follows. */
async function follow(start: readonly Place[]) {
  const closing = new AbortController();
  const delivered: string[] = [];
  const opened: number[] = [];
  const added: number[] = [];
  const streams = new Map<string, Stream>();
  const retries: (() => void)[] = [];
  let streamCount = 0;
  let places = start;
  let isAway = false;
  let holdsBack = false;

  const events = {
    async *followGroups(followed: readonly Place[], signal: AbortSignal): AsyncGenerator<RelayEvent> {
      requireWithinLimits(openGroupsStreamInputSchema, followed);
      if (isAway) throw new TypeError('no more streams');
      opened.push(followed.length);
      const id = `stream ${++streamCount}`;
      const said: RelayEvent[] = [{ type: 'open', stream: id }];
      let wake = () => {};
      const failing = new AbortController();
      const ending = AbortSignal.any([signal, failing.signal]);
      streams.set(id, {
        groupIds: new Set(followed.map(({ groupId }) => groupId)),
        say: (event) => {
          said.push(event);
          wake();
        },
        fail: () => failing.abort(),
      });
      ending.addEventListener('abort', () => wake(), { once: true });
      while (!ending.aborted) {
        for (let next = said.shift(); next !== undefined; next = said.shift()) yield next;
        await new Promise<void>((resolve) => (wake = resolve));
      }
      streams.delete(id);
      if (failing.signal.aborted) throw new TypeError('the network is gone');
    },
    followToo: async (id: string, more: readonly Place[]) => {
      requireWithinLimits(followInputSchema, more);
      added.push(more.length);
      const stream = streams.get(id) as Stream;
      for (const { groupId, epoch } of more) {
        stream.groupIds.add(groupId);
        if (!holdsBack) stream.say({ type: 'following', groupId, epoch });
      }
      expect(stream.groupIds.size).toBeLessThanOrEqual(LIMITS.maxStreamGroups);
    },
  };
  const platform = {
    clock: { now: () => 0 },
    random: { fraction: () => 0.5 },
    connectivity: { onChange: () => () => undefined },
    timers: {
      sleep: (ms: number, signal: AbortSignal) =>
        new Promise<void>((resolve, reject) => {
          if (ms < 10_000) retries.push(resolve);
          signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
        }),
    },
  };
  const kept = new GroupStreams(
    {
      platform: platform as unknown as Platform,
      events,
      places: () => places,
      deliver: async ({ groupId }) => void delivered.push(groupId),
      drive: async () => undefined,
      onChange: () => undefined,
      isAwaited: () => false,
    },
    closing.signal,
  );
  const settled = async () => {
    for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  kept.start();
  await settled();
  return {
    delivered,
    isUp: () => kept.isUp,
    /** How many groups each running stream follows. */
    sizes: () => [...streams.values()].map(({ groupIds }) => groupIds.size),
    /** How many groups each stream was opened with since the last look, and how many were added to one. */
    calls: () => ({ opened: opened.splice(0, opened.length), added: added.splice(0, added.length) }),
    streams: () => [...streams.values()],
    change: async (next: readonly Place[]) => {
      places = next;
      kept.followChanges();
      await settled();
    },
    isAway: (away: boolean) => (isAway = away),
    /** Whether the relay does not say yet that it follows what is added. */
    holdsBack: (back: boolean) => (holdsBack = back),
    retry: async () => {
      for (const again of retries.splice(0)) again();
      await settled();
    },
    settled,
    stop: () => closing.abort(),
  };
}

test('splits 1,201 groups into three streams, each within the relay’s limit', async () => {
  const client = await follow(groups(1_201));
  expect(client.sizes()).toEqual([500, 500, 201]);
  expect(client.isUp()).toBe(true);
  client.stop();
  await client.settled();
  expect(client.sizes()).toEqual([]);
});

test('one group more than a stream can follow opens a second one, and leaves the first alone', async () => {
  const client = await follow(groups(500));
  client.calls();
  await client.change(groups(501));
  expect(client.calls()).toEqual({ opened: [1], added: [] });
  expect(client.sizes()).toEqual([500, 1]);
  await client.change(groups(503));
  expect(client.calls()).toEqual({ opened: [], added: [2] });
  client.stop();
});

test('a group that is left makes room in its own stream, and no other is opened anew', async () => {
  const client = await follow(groups(1_000));
  const [, ...rest] = groups(1_000);
  client.calls();
  await client.change(rest);
  expect(client.calls()).toEqual({ opened: [499], added: [] });
  await client.change([...rest, ...groups(1, 5_000)]);
  expect(client.calls()).toEqual({ opened: [], added: [1] });
  expect(client.sizes().sort()).toEqual([500, 500]);
  client.stop();
});

test('new epochs are added to the streams that follow the groups, in calls within the limit', async () => {
  const client = await follow(groups(1_001));
  client.calls();
  await client.change(groups(1_001).map((place) => ({ ...place, epoch: 2 })));
  expect(client.calls()).toEqual({ opened: [], added: [500, 500, 1] });
  client.stop();
});

test('a stream that has no group left ends', async () => {
  const client = await follow(groups(501));
  client.isAway(true);
  await client.change(groups(500));
  expect(client.sizes()).toEqual([500]);
  expect(client.isUp()).toBe(true);
  client.stop();
});

test('a stream that breaks comes back by itself while the others go on, and only then all are up', async () => {
  const client = await follow(groups(501));
  client.isAway(true);
  client.streams()[1]?.fail();
  await client.settled();
  expect([client.isUp(), client.sizes()]).toEqual([false, [500]]);
  await client.retry();
  expect([client.isUp(), client.sizes()]).toEqual([false, [500]]);
  client.isAway(false);
  await client.retry();
  expect([client.isUp(), client.sizes()]).toEqual([true, [500, 1]]);
  client.stop();
});

test('a stream that goes back to an older epoch, asked for by a call that came late, is opened anew', async () => {
  const client = await follow(groups(2));
  const [{ groupId }] = groups(1) as [Place];
  await client.change(groups(2).map((place) => ({ ...place, epoch: 2 })));
  await client.change(groups(2).map((place) => ({ ...place, epoch: 3 })));
  client.calls();

  client.streams()[0]?.say({ type: 'following', groupId, epoch: 2 });
  await client.settled();
  expect(client.isUp()).toBe(false);
  await client.retry();
  expect(client.isUp()).toBe(true);
  expect(client.calls()).toEqual({ opened: [2], added: [] });
  client.stop();
});

test('what a stream says of an older epoch before it follows the newer one changes nothing', async () => {
  const client = await follow(groups(1));
  const [{ groupId }] = groups(1) as [Place];
  client.holdsBack(true);
  await client.change(groups(1).map((place) => ({ ...place, epoch: 3 })));

  client.streams()[0]?.say({ type: 'following', groupId, epoch: 2 });
  client.streams()[0]?.say({ type: 'following', groupId, epoch: 3 });
  await client.settled();
  expect(client.isUp()).toBe(true);
  client.stop();
});

test('an entry of a group that a stream was not asked for is passed over', async () => {
  const client = await follow(groups(2));
  const [stream] = client.streams();
  const entry = { kind: 'message' as const, sequence: 6, epoch: 1, id: 'x', payload: 'AA' };
  for (const { groupId } of groups(3)) stream?.say({ type: 'group-entry', groupId, entry });
  await client.settled();
  expect(client.delivered).toEqual(groups(2).map(({ groupId }) => groupId));
  client.stop();
});
