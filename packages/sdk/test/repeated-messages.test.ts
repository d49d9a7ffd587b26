import { platform } from '#platform';
import { fromBase64Url } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import type { Platform } from '../src/platform/platform.ts';
import type { Request, Response } from '../src/worker/protocol.ts';
import { network } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** A member whose program posts other bytes than its core has sealed, once it is armed. */
function replaying() {
  let bytes: Uint8Array | undefined;
  const spawnWorker: Platform['spawnWorker'] = () => {
    const port = platform.spawnWorker();
    const seals = new Set<number>();
    return {
      ...port,
      post: (message) => {
        const { id, name } = message as Request;
        if (name === 'group.encrypt') seals.add(id);
        port.post(message);
      },
      onMessage: (listener) => {
        port.onMessage((message) => {
          const response = message as Response;
          const isLie = bytes !== undefined && response.ok && seals.has(response.id);
          listener(isLie ? { ...response, result: [bytes] } : message);
        });
      },
    };
  };
  return { say: (what: Uint8Array) => (bytes = what), platform: { ...platform, spawnWorker } };
}

async function cast() {
  const evil = replaying();
  const net = network();
  const sealed: Uint8Array[] = [];
  net.fail(({ procedure, body }) => {
    if (procedure === 'groups.post') {
      const { entries } = JSON.parse(body) as { entries: { message: string }[] };
      sealed.push(...entries.map(({ message }) => fromBase64Url(message)));
    }
    return undefined;
  });
  const alice = await town.join('alice', { live: false, platform: net.platform });
  const bob = await town.join('bob', { live: false });
  const mallory = await town.join('mallory', { live: false, platform: evil.platform });
  const tea = await alice.conversations.create({ members: [bob.handle, mallory.handle] });
  await bob.sync();
  await mallory.sync();
  await tea.send('hello');
  await mallory.sync();
  return { alice, bob, mallory, tea, net, evil, sealed };
}

test('a member who repeats messages of this device cannot make it commit over and over, nor keep it from sending', async () => {
  const { alice, bob, mallory, tea, net, evil, sealed } = await cast();
  const MOST = 8;
  let replays = 0;
  const beforeEachPost = () => {
    net.delayNext('groups.post', async () => {
      if (replays === MOST) return;
      replays += 1;
      evil.say(sealed.at(-1)!);
      await mallory.sync();
      await same(mallory, tea)
        .send('x')
        .catch(() => undefined);
      beforeEachPost();
    });
  };
  beforeEachPost();
  net.calls.splice(0);
  await tea.send('important').catch(() => undefined);
  await alice.sync();
  const commits = net.calls.filter((call) => call === 'groups.commit').length;
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['hello', 'important']);
  expect(commits).toBeLessThanOrEqual(2);
});
