import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Connectivity, Timers } from '../src/platform/platform.ts';
import { network, reset } from './support/network.ts';
import { people } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** No wait of this length or longer ends by itself. */
const LONG_MS = 200;

/** Timers by which nothing is ever tried again: only what somebody does ends a wait. */
const PATIENT: Timers = {
  sleep: (ms, signal) =>
    ms < LONG_MS
      ? sleep(ms, undefined, { signal })
      : new Promise((_, reject) => {
          const stop = () => reject(signal?.reason as Error);
          if (signal?.aborted) stop();
          else signal?.addEventListener('abort', stop, { once: true });
        }),
};

/** Alice, whose relay went away and is back, while she still waits for her next try. */
async function waitingAlice() {
  const net = network();
  const listeners = new Set<(isOnline: boolean) => void>();
  const connectivity: Connectivity = {
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
  const platform = { ...net.platform, timers: PATIENT, connectivity };
  const alice = await town.join('alice', { live: true, platform });
  const tea = await alice.conversations.create({ members: [] });
  await eventually('alice is online', () => alice.connection === 'online');
  net.fail(reset);
  for (const listener of listeners) listener(false);
  await sleep(LONG_MS);
  net.mend();
  await sleep(LONG_MS);
  expect(alice.connection).toBe('offline');
  return { alice, tea };
}

test('a client that is asked to reconnect does not wait for its next try', async () => {
  const { alice } = await waitingAlice();
  alice.reconnect();
  await eventually('alice is online', () => alice.connection === 'online');
});

test('what failed before is tried again as well', async () => {
  const net = network();
  const alice = await town.join('alice', { live: true, platform: { ...net.platform, timers: PATIENT } });
  const tea = await alice.conversations.create({ members: [] });
  await eventually('alice is online', () => alice.connection === 'online');
  net.failNext('groups.post', reset);
  const sending = tea.send('tea?');
  await eventually('the message has failed', () => alice.connection === 'offline');
  alice.reconnect();
  await sending;
  expect(tea.lastMessage?.state).toBe('sent');
});

test('a message that is sent meanwhile has the relay looked for at once', async () => {
  const { alice, tea } = await waitingAlice();
  await tea.send('tea?');
  expect(tea.lastMessage?.state).toBe('sent');
  await eventually('alice is online', () => alice.connection === 'online');
});

test('a client that is closed does not reconnect', async () => {
  const alice = await town.join('alice', { live: true });
  await alice.close();
  expect(() => alice.reconnect()).toThrow(expect.objectContaining({ code: 'CLOSED' }));
});
