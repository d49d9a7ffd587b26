import { expect, test } from 'vitest';
import type { RelaySession } from '../transport/relay-session.ts';
import type { Driver } from './driver.ts';
import type { Inbox } from './inbox.ts';
import type { Ledger } from './ledger.ts';
import { Live, type Connection } from './live.ts';

const HOUR_MS = 60 * 60 * 1_000;

/** How an inbox stream goes that a relay gives: how long it stands, and whether it breaks instead of ending. */
interface Given {
  forMs: number;
  breaks: boolean;
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
    platform: {
      clock: { now: () => nowMs },
      random: { fraction: () => 0.5 },
      timers: {
        sleep: async (ms: number) => {
          // The slow tick has nothing to do here, and would only let time pass.
          if (ms === 15_000) return over;
          waits.push(ms);
          nowMs += ms;
        },
      },
    },
    onChange: () => () => undefined,
    row: () => undefined,
    rows: () => [],
  };
  const relay = {
    async *followInbox(_cursor: number, signal: AbortSignal) {
      const next = given.next();
      if (next.done === true) {
        end();
        await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        return;
      }
      yield { type: 'open' };
      nowMs += next.value.forMs;
      if (next.value.breaks) throw new TypeError('the network is gone');
    },
  };
  const inbox = {
    topUpKeyPackages: async () => undefined,
    catchUp: async () => undefined,
    forgetExpiredKeyPackages: async () => undefined,
  };
  const live = new Live({
    ledger: ledger as unknown as Ledger,
    relay: relay as unknown as RelaySession,
    driver: { patient: false } as unknown as Driver,
    inbox: inbox as unknown as Inbox,
    onConnection: (connection) => connections.push(connection),
  });
  live.start();
  await over;
  live.stop();
  return { waits, connections };
}

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
