import type { InboxPage } from '@quicprochat/protocol';
import { expect, test } from 'vitest';
import type { Platform, WorkerPort } from '../src/platform/platform.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import type { Request, Response as Answer } from '../src/worker/protocol.ts';
import { badGateway, network } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';
import { platform } from '#platform';

const town = people({ QPC_RATE_FACTOR: '1000' });

test.each<[string, (page: InboxPage) => unknown]>([
  ['the same entry twice', ({ entries, ...page }) => ({ ...page, entries: [...entries, ...entries] })],
  ['an entry before the cursor', (page) => withSequence(page, 0)],
  ['a place that no number can hold exactly', (page) => withSequence(page, 2 ** 60)],
  ['a place that is no number', (page) => withSequence(page, '1')],
  ['a place in the log that is none', (page) => withEach(page, { groupSequence: -1 })],
  ['a Welcome that is not of its form', (page) => withEach(page, { secrets: 'ä' })],
  ['no entries at all', (page) => ({ ...page, entries: undefined })],
])('nothing is taken from an inbox that shows %s', async (_what, falsify) => {
  const net = network();
  const [alice, bob] = [await town.join('alice'), await town.join('bob', { platform: net.platform })];
  const tea = await alice.conversations.create({ members: [bob.handle] });
  net.lie('inbox.read', falsify);
  await expect(bob.sync()).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
  expect(bob.conversations.list()).toEqual([]);
  expect(net.calls).not.toContain('inbox.acknowledge');
  net.mend();
  await bob.sync();
  expect(same(bob, tea).state).toBe('active');
});

function withSequence(page: InboxPage, sequence: unknown) {
  return withEach(page, { sequence });
}

function withEach(page: InboxPage, changes: object) {
  return { ...page, entries: page.entries.map((entry) => ({ ...entry, ...changes })) };
}

/** A platform whose worker meets a fault of its own in the next calls of a name. */
function withFaults(code: string) {
  let name: Request['name'] | undefined;
  const spawnWorker = (): WorkerPort => {
    const port = platform.spawnWorker();
    let listener: (message: unknown) => void = () => undefined;
    return {
      ...port,
      onMessage: (given) => {
        listener = given;
        port.onMessage(given);
      },
      post: (message) => {
        const { id, name: called } = message as Request;
        if (called !== name) return port.post(message);
        const answer: Answer = { id, ok: false, error: { code, message: 'A fault.' }, dirty: false };
        queueMicrotask(() => {
          listener(answer);
        });
      },
    };
  };
  return {
    platform: { ...platform, spawnWorker } satisfies Platform,
    failAt: (next: Request['name'] | undefined) => {
      name = next;
    },
  };
}

test.each(['INTERNAL', 'STORE_CORRUPT', 'STORE_ROLLED_BACK'])(
  'an invitation is read again after it could not be opened for %s, and other conversations are read at once',
  async (code) => {
    const worker = withFaults(code);
    const [alice, bob] = [await town.join('alice'), await town.join('bob', { platform: worker.platform })];
    const first = await alice.conversations.create({ members: [bob.handle] });
    await bob.sync();
    const tea = await alice.conversations.create({ members: [bob.handle] });
    await first.send('meanwhile');
    worker.failAt('group.join');
    await expect(bob.sync()).rejects.toMatchObject({ code });
    expect(await textsOf(same(bob, first))).toEqual(['meanwhile']);
    expect(bob.conversations.list()).toHaveLength(1);
    worker.failAt(undefined);
    await bob.sync();
    await same(bob, tea).send('here I am');
  },
);

test('logs are read although nothing that has to do with the inbox gets through', async () => {
  const net = network();
  const bob = await town.join('bob', { platform: net.platform });
  const alice = await town.join('alice');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await tea.send('hello');
  const isOfInbox = (procedure: string) => ['keyPackages.status', 'inbox.read'].includes(procedure);
  net.fail(({ procedure }) => (isOfInbox(procedure) ? badGateway() : undefined));
  await expect(bob.sync()).rejects.toMatchObject({ code: 'NETWORK' });
  expect(await textsOf(same(bob, tea))).toEqual(['hello']);
});

test('the relay is told again up to where it may delete, if it did not hear it', async () => {
  const net = network();
  const storage = memoryStorage();
  const [alice, bob] = [
    await town.join('alice'),
    await town.join('bob', { platform: net.platform, storage }),
  ];
  await alice.conversations.create({ members: [bob.handle] });
  net.failNext('inbox.acknowledge', badGateway);
  await expect(bob.sync()).rejects.toMatchObject({ code: 'NETWORK' });
  await bob.close();
  net.calls.length = 0;
  const again = await town.open({ platform: net.platform, storage });
  await again.sync();
  await again.sync();
  expect(net.calls.filter((procedure) => procedure === 'inbox.acknowledge')).toHaveLength(1);
});
