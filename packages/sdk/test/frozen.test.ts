import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { platform } from '#platform';
import type { Platform, Timers } from '../src/platform/platform.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** Time runs so many times faster for the client’s timers. */
const FASTER = 50;

/** Timers whose waits do not end if they are this long or longer. */
function timersUpTo(neverMs: number): Timers {
  return {
    sleep: (ms, signal) =>
      sleep(ms < neverMs ? ms / FASTER : 2 ** 31 - 1, undefined, { ref: false, ...(signal && { signal }) }),
  };
}

/** A network that can freeze: calls hang until it thaws, and streams from before say nothing for ever, or stay as they are. */
function freezing({ neverMs }: { neverMs: number }) {
  let thawed: Promise<void> | undefined;
  let thaw = () => {};
  let winters = 0;
  const fetch: Platform['net']['fetch'] = async (input, init) => {
    await thawed;
    const response = await platform.net.fetch(input, init);
    const winter = winters;
    const body = response.body?.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: (chunk, controller) => {
          if (winter === winters) controller.enqueue(chunk);
        },
      }),
    );
    return new Response(body ?? null, response);
  };
  return {
    platform: { ...platform, timers: timersUpTo(neverMs), net: { ...platform.net, fetch } },
    freeze: ({ streams }: { streams: boolean }) => {
      if (streams) winters += 1;
      thawed = new Promise((resolve) => (thaw = resolve));
    },
    thaw: () => thaw(),
  };
}

test('a client whose call hangs opens streams anew that are silent, too', async () => {
  // No stream and no call is given up for being silent by itself.
  const net = freezing({ neverMs: 20_000 });
  const alice = await town.join('alice', { live: true, platform: net.platform });
  const bob = await town.join('bob', { live: true });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('both are online', () => [alice, bob].every(({ connection }) => connection === 'online'));
  await eventually('bob is in', () => bob.conversations.list().length === 1);
  await same(bob, tea).send('warm?');
  await eventually('her streams stand', async () => (await textsOf(tea)).includes('warm?'));
  net.freeze({ streams: true });
  await same(bob, tea).send('cold?');
  const adding = expect(tea.members.add(['nobody'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await eventually('alice is offline', () => alice.connection === 'offline');
  // Until the streams are given up.
  await sleep(25_000 / FASTER);
  net.thaw();
  await adding;
  await eventually('bob’s message is there', async () => (await textsOf(tea)).includes('cold?'));
  await eventually('alice is online', () => alice.connection === 'online');
});

test('a client is not online while a call takes too long, and is again when it has ended', async () => {
  // The streams, which stand, are not given up either.
  const net = freezing({ neverMs: 15_000 });
  const alice = await town.join('alice', { live: true, platform: net.platform });
  const tea = await alice.conversations.create({ members: [] });
  await eventually('alice is online', () => alice.connection === 'online');
  net.freeze({ streams: false });
  const sending = tea.send('slow');
  await eventually('alice is offline', () => alice.connection === 'offline');
  net.thaw();
  await sending;
  await eventually('alice is online', () => alice.connection === 'online');
});
