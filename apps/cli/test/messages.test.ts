import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { texts, town } from './town.ts';

const { party, relay } = town();

test('three homes: 20 each way, and everyone hears all of the others in order, once', async () => {
  const [alice, bob, carol] = await party('alice', 'bob', 'carol');
  await alice.says(...texts('alice', 20));
  await bob.says(...texts('bob', 20));
  expect(await bob.hears(20)).toEqual(texts('alice', 20));
  expect(await alice.hears(20)).toEqual(texts('bob', 20));
  expect(await carol.hears(40)).toEqual([...texts('alice', 20), ...texts('bob', 20)]);
  for (const home of [alice, bob, carol]) await home.hearsNothingMore();
}, 120_000);

test('send and listen print the fields that scripts rely on', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const sent = await alice.done('send', 'Tea', 'once and for all');
  expect(sent).toEqual({ id: expect.stringMatching(/^[0-9a-f]{32}$/), epoch: 1 });
  const { lines } = await bob.run('listen', '--count', '1', '--timeout', '20');
  const { conversations } = await bob.done('conversations');
  const [{ conversation }] = conversations as [{ conversation: string }];
  expect(lines).toEqual([{ ...sent, from: alice.handle, text: 'once and for all', conversation }]);
  expect(conversations).toEqual([{ conversation, name: 'Tea', state: 'active', epoch: 1, unread: 0 }]);
}, 60_000);

test('the relay is killed three times: nothing acknowledged is lost or doubled, and a listener stays', async () => {
  const [alice, bob, carol] = await party('alice', 'bob', 'carol');
  const listening = bob.start('listen', 'Tea', '--count', '12', '--timeout', '60');
  const acknowledged: unknown[] = [];
  const sending = (async () => {
    for (const text of texts('alice in trouble', 12)) acknowledged.push(...(await alice.says(text)));
  })();
  for (let i = 0; i < 3; i++) {
    const before = acknowledged.length;
    while (acknowledged.length === before && acknowledged.length < 12) await sleep(20);
    await relay().kill();
    await relay().start();
  }
  await sending;
  expect((await listening.result).lines.map(({ id }) => id)).toEqual(acknowledged);
  expect(await carol.hears(12)).toEqual(texts('alice in trouble', 12));
  await bob.hearsNothingMore();
  await carol.hearsNothingMore();
}, 180_000);

test('a message that the relay did not take stays queued, and goes out once', async () => {
  const [alice, bob] = await party('alice', 'bob');
  await relay().kill();
  const { exit, lines } = await alice.run('send', 'Tea', 'from the queue');
  expect([exit, lines]).toEqual([
    4,
    [{ error: { code: 'NETWORK', message: expect.stringContaining('stays queued') } }],
  ]);
  await relay().start();
  await alice.says('after the queue');
  expect(await bob.hears(2)).toEqual(['from the queue', 'after the queue']);
  await bob.hearsNothingMore();
}, 90_000);

test('two processes send and one listens in one home at the same time', async () => {
  const [alice, bob] = await party('alice', 'bob');
  const listening = alice.start('listen', 'Tea', '--count', '4', '--timeout', '60');
  await Promise.all([
    alice.says(...texts('hers', 4)),
    alice.says(...texts('hers too', 4)),
    bob.says(...texts('his', 4)),
  ]);
  expect((await listening.result).lines.map(({ text }) => text)).toEqual(texts('his', 4));
  const heard = await bob.hears(8);
  expect(heard.filter((text) => String(text).includes('hers,'))).toEqual(texts('hers', 4));
  expect(heard.filter((text) => String(text).includes('too,'))).toEqual(texts('hers too', 4));
  await alice.hearsNothingMore();
  await bob.hearsNothingMore();
}, 120_000);
