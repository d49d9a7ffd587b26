import { expect, test } from 'vitest';
import type { Platform } from '../platform/platform.ts';
import type { Relay } from '../transport/relay.ts';
import type { Driver } from './driver.ts';
import type { KeyPackages } from './key-packages.ts';
import type { Welcomes } from './welcomes.ts';
import type { Ledger } from '../state/ledger.ts';
import { Live, type Connection } from './live.ts';
import { OutboxIndex } from '../state/outbox-index.ts';

const HOUR_MS = 60 * 60 * 1_000;

/** A network that never changes. */
const STEADY = { onChange: () => () => undefined };

/** How an inbox stream goes that a relay gives: how long it stands, and whether it breaks instead of ending. */
interface Given {
  forMs: number;
  breaks: boolean;
  /** Whether it says that the pool of key packages is low. */
  isLow?: boolean;
}

/**
 * What a client without groups does on a relay that gives its inbox stream so, time after time: how long it waits between
 * two, and what it says of its connection. Time is the test's own; jitter is left out.
 */
async function follow(streams: readonly Given[]) {
  let nowMs = 1_700_000_000_000;
  const waits: number[] = [];
  const connections: Connection[] = [];
  const given = streams.values();
  let end = () => {};
  const over = new Promise<void>((resolve) => (end = resolve));
  const ledger = {
    core: { isStopped: false },
    platform: {
      clock: { now: () => nowMs },
      random: { fraction: () => 0.5 },
      connectivity: STEADY,
      timers: {
        sleep: async (ms: number) => {
          // The slow tick has nothing to do here, and would only let time pass.
          if (ms === 15_000) return over;
          waits.push(ms);
          nowMs += ms;
        },
      },
    },
    outbox: new OutboxIndex(),
    onChange: () => () => undefined,
    row: () => undefined,
    rows: () => [],
  };
  const events = {
    async *followInbox(_cursor: number, signal: AbortSignal) {
      const next = given.next();
      if (next.done === true) {
        end();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        return;
      }
      yield { type: 'open' };
      nowMs += next.value.forMs;
      if (next.value.isLow) yield { type: 'key-packages-low' };
      if (next.value.breaks) throw new TypeError('the network is gone');
    },
  };
  let topUps = 0;
  const keyPackages = {
    topUpIfAccepted: async () => void (topUps += 1),
    forgetExpired: async () => undefined,
  };
  const live = new Live({
    core: { isStopped: false, onStopped: undefined },
    platform: ledger.platform as unknown as Platform,
    ledger: ledger as unknown as Ledger,
    relay: { events } as unknown as Relay,
    driver: { patient: false } as unknown as Driver,
    welcomes: { catchUp: async () => undefined } as unknown as Welcomes,
    keyPackages: keyPackages as unknown as KeyPackages,
    onConnection: (connection) => connections.push(connection),
  });
  live.start();
  await over;
  live.stop();
  return { waits, connections, topUps };
}

interface Group {
  groupId: string;
  epoch: number;
  cursor: number;
}

/** A client in these groups on a relay whose streams stand, and say that they follow what they are given, or do not. */
async function inGroups(start: readonly Group[], { confirms }: { confirms: boolean }) {
  let groups = start;
  let onChange = () => {};
  const opened: (readonly Group[])[] = [];
  const given: (readonly Group[])[] = [];
  const timeouts: (() => void)[] = [];
  let say: (event: object) => void = () => {};
  const aborted = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const ledger = {
    core: { isStopped: false },
    platform: {
      clock: { now: () => 0 },
      random: { fraction: () => 0.5 },
      connectivity: STEADY,
      timers: {
        sleep: (ms: number, signal: AbortSignal) =>
          ms === 10_000
            ? Promise.race([new Promise<void>((resolve) => timeouts.push(resolve)), aborted(signal)])
            : aborted(signal),
      },
    },
    outbox: new OutboxIndex(),
    onChange: (listener: () => void) => {
      onChange = listener;
      return () => undefined;
    },
    row: () => undefined,
    rows: () => groups.map(({ groupId, ...row }) => ({ id: groupId, state: 'active', ...row })),
  };
  const events = {
    async *followInbox(_cursor: number, signal: AbortSignal) {
      yield { type: 'open' };
      await aborted(signal);
    },
    async *followGroups(followed: readonly Group[], signal: AbortSignal) {
      opened.push(followed);
      yield { type: 'open', stream: `stream ${opened.length}` };
      while (!signal.aborted) {
        const event = await Promise.race([
          new Promise<object>((resolve) => (say = resolve)),
          aborted(signal).then(() => undefined),
        ]);
        if (event !== undefined) yield event;
      }
    },
    followToo: async (stream: string, more: readonly Group[]) => {
      expect(stream).toBe(`stream ${opened.length}`);
      given.push(more);
      if (confirms) for (const { groupId, epoch } of more) say({ type: 'following', groupId, epoch });
    },
  };
  const live = new Live({
    core: { isStopped: false, onStopped: undefined },
    platform: ledger.platform as unknown as Platform,
    ledger: ledger as unknown as Ledger,
    relay: { events } as unknown as Relay,
    driver: { patient: false, drive: async () => undefined } as unknown as Driver,
    welcomes: { catchUp: async () => undefined } as unknown as Welcomes,
    keyPackages: {
      topUpIfAccepted: async () => undefined,
      forgetExpired: async () => undefined,
    } as unknown as KeyPackages,
    onConnection: () => undefined,
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  live.start();
  await settled();
  return {
    opened,
    given,
    /** What the client says of its groups changes. */
    change: async (next: readonly Group[]) => {
      groups = next;
      onChange();
      await settled();
    },
    say: async (event: object) => {
      say(event);
      await settled();
    },
    timeOut: async () => {
      for (const timeOut of timeouts.splice(0)) timeOut();
      await settled();
    },
    stop: () => live.stop(),
  };
}

const A = { groupId: 'a', epoch: 1, cursor: 5 };
const B = { groupId: 'b', epoch: 3, cursor: 9 };
const NEXT = { ...A, epoch: 2, cursor: 6 };

test('a device that is told that its pool is low fills it up, without being asked twice', async () => {
  const lasting = { forMs: HOUR_MS, breaks: false };
  // Once for each stream that it opens, the last one included.
  expect((await follow([lasting])).topUps).toBe(2);
  expect((await follow([{ ...lasting, isLow: true }])).topUps).toBe(3);
});

test('a new epoch and a new group are added to the stream that runs', async () => {
  const client = await inGroups([A], { confirms: true });
  await client.change([NEXT]);
  await client.say({ type: 'epoch-ended', groupId: 'a', epoch: 1 });
  await client.change([NEXT, B]);
  await client.change([NEXT, { ...B, cursor: 10 }]);
  await client.timeOut();
  expect(client.given).toEqual([[NEXT], [B]]);
  expect(client.opened).toEqual([[A]]);
  client.stop();
});

test('a stream that does not say that it follows is opened anew, and so is one with a group too many', async () => {
  const client = await inGroups([A], { confirms: false });
  await client.change([NEXT]);
  expect(client.opened).toEqual([[A]]);
  await client.timeOut();
  expect(client.opened).toEqual([[A], [NEXT]]);
  await client.change([NEXT, B]);
  await client.change([B]);
  expect(client.opened).toEqual([[A], [NEXT], [B]]);
  client.stop();
});

test('events that this version does not know are passed over', async () => {
  const client = await inGroups([A], { confirms: true });
  await client.say({ type: 'signal', groupId: 'a', epoch: 1, payload: 'eA' });
  await client.say({ type: 'of a later version' });
  await client.change([NEXT]);
  expect([client.opened, client.given]).toEqual([[[A]], [[NEXT]]]);
  client.stop();
});

const times = (count: number, stream: Given) => Array.from({ length: count }, () => stream);

test('a relay that ends each stream at once is come back to less and less often', async () => {
  const { waits } = await follow(times(9, { forMs: 0, breaks: false }));
  expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000]);
});

test('streams that end by themselves each hour are no lost connection', async () => {
  const { waits, connections } = await follow(times(5, { forMs: HOUR_MS, breaks: false }));
  expect(waits).toEqual([500, 500, 500, 500, 500]);
  expect(connections.slice(connections.indexOf('online'))).not.toContain('offline');
});

test('a stream that breaks is a lost connection, however long it stood', async () => {
  const { waits, connections } = await follow([{ forMs: HOUR_MS, breaks: true }]);
  expect(waits).toEqual([500]);
  expect(connections.at(-1)).toBe('offline');
});

/** A client without groups whose network changes when the test says so. Its inbox stream stands until it is ended. */
async function onNetwork({ isReachable }: { isReachable: boolean }) {
  const listeners = new Set<(isOnline: boolean) => void>();
  let opened = 0;
  const connections: Connection[] = [];
  const network = { isReachable };
  const ended = (signal: AbortSignal) =>
    new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
  const ledger = {
    core: { isStopped: false },
    platform: {
      clock: { now: () => 0 },
      random: { fraction: () => 0.5 },
      connectivity: {
        onChange: (listener: (isOnline: boolean) => void) => {
          listeners.add(listener);
          return () => listeners.delete(listener);
        },
      },
      // Time stands still: only what is woken goes on.
      timers: { sleep: (_ms: number, signal: AbortSignal) => ended(signal) },
    },
    onChange: () => () => undefined,
    row: () => undefined,
    rows: () => [],
  };
  const events = {
    async *followInbox(_cursor: number, signal: AbortSignal) {
      opened += 1;
      if (!network.isReachable) throw new TypeError('the network is gone');
      yield { type: 'open' };
      await ended(signal);
    },
  };
  const live = new Live({
    core: { isStopped: false, onStopped: undefined },
    platform: ledger.platform as unknown as Platform,
    ledger: ledger as unknown as Ledger,
    relay: { events } as unknown as Relay,
    driver: { patient: false } as unknown as Driver,
    welcomes: { catchUp: async () => undefined } as unknown as Welcomes,
    keyPackages: {
      topUpIfAccepted: async () => undefined,
      forgetExpired: async () => undefined,
    } as unknown as KeyPackages,
    onConnection: (connection) => connections.push(connection),
  });
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  live.start();
  await settled();
  return {
    opened: () => opened,
    listeners: () => listeners.size,
    connection: () => connections.at(-1),
    change: async (isOnline: boolean, { isReachable }: { isReachable: boolean }) => {
      network.isReachable = isReachable;
      for (const listener of listeners) listener(isOnline);
      await settled();
    },
    stop: () => live.stop(),
  };
}

test('reconnects at once when the system says that the network is back', async () => {
  const client = await onNetwork({ isReachable: false });
  expect([client.opened(), client.connection()]).toEqual([1, 'offline']);
  await client.change(true, { isReachable: true });
  expect([client.opened(), client.connection()]).toEqual([2, 'online']);
  client.stop();
});

test('is offline as soon as the system says that the network is gone, whatever its streams say', async () => {
  const client = await onNetwork({ isReachable: true });
  expect(client.connection()).toBe('online');
  await client.change(false, { isReachable: false });
  expect([client.opened(), client.connection()]).toEqual([2, 'offline']);
  client.stop();
});

test('stays online when the relay can be reached without the network, as one on the same machine can', async () => {
  const client = await onNetwork({ isReachable: true });
  await client.change(false, { isReachable: true });
  expect([client.opened(), client.connection()]).toEqual([2, 'online']);
  client.stop();
});

test('does not listen to the network after it was stopped', async () => {
  const client = await onNetwork({ isReachable: true });
  expect(client.listeners()).toBe(2);
  client.stop();
  expect(client.listeners()).toBe(0);
});
