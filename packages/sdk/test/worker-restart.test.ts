import { Worker } from 'node:worker_threads';
import { platform } from '#platform';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Platform } from '../src/platform/platform.ts';
import type { Response } from '../src/worker/protocol.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

const SOURCE = new URL('../src/worker/entry-node.ts', import.meta.url);

/** A source of workers that die when the test says so. */
function mortal() {
  const started: Worker[] = [];
  return {
    started,
    worker: () => {
      const worker = new Worker(SOURCE, { execArgv: ['--conditions=@quicprochat/source'] });
      started.push(worker);
      return worker;
    },
    kill: () => started.at(-1)!.terminate(),
  };
}

test('a live client whose worker dies starts another one by itself, and goes on', async () => {
  const { worker, started, kill } = mortal();
  const bob = await town.join('bob', { live: true });
  const alice = await town.join('alice', { live: true, worker });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('bob is in', () => bob.conversations.list().length === 1);
  await kill();
  await eventually('alice has another worker', () => started.length === 2 && alice.connection === 'online');
  await same(bob, tea).send('are you there?');
  await eventually('alice has it', async () => (await textsOf(tea)).includes('are you there?'));
  await tea.send('yes');
  await tea.heal();
  expect(tea.epoch).toBeGreaterThan(1);
});

test.each([true, false])(
  'nothing is lost or doubled when the worker dies again and again in the middle of the work (live: %s)',
  async (live) => {
    const { worker, started, kill } = mortal();
    const bob = await town.join('bob', { live: false });
    const alice = await town.join('alice', { live, worker });
    const tea = await alice.conversations.create({ members: [bob.handle] });
    const texts = Array.from({ length: 40 }, (_, n) => `message ${n}`);
    const sending = texts.map((text) => tea.send(text));
    const healing = tea.heal();
    for (let death = 0; death < 4; death += 1) {
      const { length } = started;
      await kill();
      await eventually('another one was started', () => started.length > length);
    }
    await Promise.all([...sending, healing]);
    await bob.sync();
    expect(await textsOf(same(bob, tea))).toEqual(texts);
  },
);

test('a core that panics is replaced, and the call that met it is tried again', async () => {
  let panics = false;
  let started = 0;
  const spawnWorker: Platform['spawnWorker'] = (source) => {
    const port = platform.spawnWorker(source);
    started += 1;
    const panic = ({ id }: Response): Response => {
      panics = false;
      const error = { code: 'INTERNAL', message: 'the core panicked', isOfBrokenCore: true };
      return { id, ok: false, error, dirty: true };
    };
    return {
      ...port,
      onMessage: (listener) => {
        port.onMessage((message) => listener(panics ? panic(message as Response) : message));
      },
    };
  };
  const bob = await town.join('bob', { live: false });
  const alice = await town.join('alice', { live: true, platform: { ...platform, spawnWorker } });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('alice is online', () => alice.connection === 'online');
  panics = true;
  await tea.heal();
  expect(started).toBe(2);
  await bob.sync();
  expect(same(bob, tea).epoch).toBe(tea.epoch);
});

test('a client is closed although the worker that is to replace another one never answers', async () => {
  const { worker, kill } = mortal();
  let isDeaf = false;
  const spawnWorker: Platform['spawnWorker'] = (source) => {
    const port = platform.spawnWorker(source);
    return isDeaf ? { ...port, onMessage: () => undefined } : port;
  };
  const alice = await town.join('alice', { live: true, worker, platform: { ...platform, spawnWorker } });
  const tea = await alice.conversations.create({ members: [] });
  isDeaf = true;
  await kill();
  const sending = expect(tea.send('hello')).rejects.toMatchObject({ code: 'CLOSED' });
  await eventually('it is offline', () => alice.connection === 'offline');
  await alice.close();
  await sending;
});
