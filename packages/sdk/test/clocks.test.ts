import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import type { Conversation } from '../src/api/conversation.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { platformOf, type DeviceClock } from './support/clocks.ts';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

const HOUR_MS = 60 * 60 * 1_000;

/** A person whose device’s clock is this far ahead of the relay’s, and the clock. */
async function joinAhead(name: string, hours: number) {
  const clock: DeviceClock = { aheadMs: hours * HOUR_MS };
  const client = await town.join(name, { platform: platformOf(clock) });
  return { client, clock };
}

/** Everyone says something, and all the others read it. */
async function expectAllToTalk(conversation: Conversation, ...clients: Client[]): Promise<void> {
  const said = clients.map(({ handle }) => `${handle} at ${same(clients[0]!, conversation).security.epoch}`);
  for (const [i, client] of clients.entries()) await same(client, conversation).send(said[i]!);
  await syncAll(...clients);
  for (const client of clients)
    expect(new Set((await textsOf(same(client, conversation))).slice(-said.length))).toEqual(new Set(said));
}

test.each([
  ['the creator is ahead, another is behind', 36],
  ['the creator is behind, another is ahead', -36],
])(
  'members whose clocks are 36 hours off create, add, talk, heal, remove and rejoin: %s',
  async (_, hours) => {
    const [{ client: alice }, { client: bob }] = [
      await joinAhead('alice', hours),
      await joinAhead('bob', -hours),
    ];
    const carol = await town.join('carol');
    const tea = await alice.conversations.create({ members: [bob.handle] });
    await syncAll(alice, bob);
    // Bob judges Carol's key package and Alice the commit; then Carol's device is the one whose clock is right.
    await same(bob, tea).members.add([carol.handle]);
    await syncAll(alice, bob, carol);
    await expectAllToTalk(tea, alice, bob, carol);

    for (const client of [alice, bob, carol]) {
      await same(client, tea).heal();
      await syncAll(alice, bob, carol);
    }
    await expectAllToTalk(tea, alice, bob, carol);

    await tea.members.remove([bob.handle]);
    await syncAll(alice, bob, carol);
    expect(same(bob, tea).state).toBe('removed');
    await same(carol, tea).members.add([bob.handle]);
    await syncAll(alice, bob, carol);
    await expectAllToTalk(tea, alice, bob, carol);
    await same(bob, tea).members.remove([alice.handle]);
    await syncAll(alice, bob, carol);
    expect(tea.state).toBe('removed');
    await same(bob, tea).members.add([alice.handle]);
    await syncAll(alice, bob, carol);
    await expectAllToTalk(tea, alice, bob, carol);
  },
);

test.each([
  [72, '72 hours ahead of'],
  [-72, '72 hours behind'],
])(
  'refuses to register with a clock that is %d hours off, names the clock and stores nothing',
  async (hours, words) => {
    const storage = memoryStorage();
    const opening = town.join('late', { storage, platform: platformOf({ aheadMs: hours * HOUR_MS }) });
    await expect(opening).rejects.toMatchObject({
      name: 'TransportError',
      code: 'CLOCK_SKEW',
      message: `This device’s clock is ${words} the relay’s. Set the clock, then try again.`,
    });
    expect(await storage.scan({ prefix: '' })).toEqual([]);
  },
);

test('keeps a message queued while the clock is 72 hours off, and sends it once the clock is set', async () => {
  const { client: alice, clock } = await joinAhead('alice', 0);
  const bob = await town.join('bob');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await syncAll(alice, bob);

  clock.aheadMs = 72 * HOUR_MS;
  const refusal = { code: 'CLOCK_SKEW', message: expect.stringContaining('72 hours ahead of') as string };
  await expect(tea.send('hello')).rejects.toMatchObject(refusal);
  await expect(alice.sync()).rejects.toMatchObject(refusal);
  expect(tea.lastMessage).toMatchObject({ state: 'queued', content: { type: 'text', text: 'hello' } });
  expect(alice.trouble).toMatchObject(refusal);

  clock.aheadMs = -36 * HOUR_MS;
  await alice.sync();
  expect([tea.lastMessage?.state, alice.trouble]).toEqual(['sent', undefined]);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['hello']);
});

test('no error is left of a clock that was set right', async () => {
  const { client: alice, clock } = await joinAhead('alice', 0);
  const tea = await alice.conversations.create({ members: [] });
  clock.aheadMs = 72 * HOUR_MS;
  await expect(tea.send('hello')).rejects.toMatchObject({ code: 'CLOCK_SKEW', details: { queued: true } });
  clock.aheadMs = 0;
  await alice.sync();
  expect([tea.lastMessage?.state, alice.trouble]).toEqual(['sent', undefined]);
});

test('a live client whose clock is 72 hours off names the clock, and comes online once it is set', async () => {
  const storage = memoryStorage();
  const clock: DeviceClock = { aheadMs: 0 };
  const platform = platformOf(clock);
  const { handle } = await town.join('alice', { storage, platform });
  clock.aheadMs = -72 * HOUR_MS;
  const client = await town.open({ storage, platform, handle, live: true });
  await eventually('the error', () => client.trouble !== undefined);
  expect([client.connection, client.trouble?.message]).toEqual([
    'offline',
    'This device’s clock is 72 hours behind the relay’s. Set the clock, then try again.',
  ]);
  clock.aheadMs = 0;
  await eventually('the connection', () => client.connection === 'online');
  expect(client.trouble).toBeUndefined();
});
