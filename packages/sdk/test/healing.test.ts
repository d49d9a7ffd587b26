import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { contentsOf, people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

test('a thief with a copy of Bob’s storage reads along until Bob heals, and nothing after', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-device-'));
  const [alice, bob] = [await town.join('alice'), await town.joinIn(folder, 'bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const thief = await town.steal(folder);

  await tea.send('read by the thief too');
  await syncAll(bob, thief);
  expect(await textsOf(same(thief, tea))).toEqual(['read by the thief too']);

  await same(bob, tea).heal();
  await alice.sync();
  await tea.send('for Bob alone');
  await syncAll(bob, thief);
  expect(await textsOf(same(bob, tea))).toContain('for Bob alone');
  expect(await textsOf(same(thief, tea))).toEqual(['read by the thief too']);
  expect(same(thief, tea).state).toBe('stuck');
  await expect(same(thief, tea).send('it is me, Bob')).rejects.toMatchObject({ code: 'CONVERSATION_STUCK' });
});

test('when the thief commits first Bob is stuck, and is back once he is removed and added again', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-device-'));
  const [alice, bob] = [await town.join('alice'), await town.joinIn(folder, 'bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const thief = await town.steal(folder);
  await same(thief, tea).heal();
  await syncAll(alice, bob);
  expect(same(bob, tea).state).toBe('stuck');

  await tea.members.remove([bob.handle]);
  await tea.send('not for the thief');
  await tea.members.add([bob.handle]);
  await syncAll(bob, alice);
  expect(same(bob, tea).state).toBe('active');
  await tea.send('welcome back');
  await syncAll(bob, thief);
  expect(await textsOf(same(bob, tea))).toEqual(['welcome back']);
  expect(await textsOf(same(thief, tea))).toEqual([]);
  expect(same(thief, tea).state).toBe('removed');
});

test('after the thief acted first, adding the same handle again can let the thief in and leave Bob out', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'qpc-device-'));
  const [alice, bob] = [await town.join('alice'), await town.joinIn(folder, 'bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const thief = await town.steal(folder);
  await same(thief, tea).heal();
  await alice.sync();
  // Bob's client would publish new key packages with its next pass. The thief can replace them at any time.
  await bob.sync();
  await tea.members.remove([bob.handle]);
  await thief.sync();
  expect([same(bob, tea).state, same(thief, tea).state]).toEqual(['stuck', 'removed']);

  await tea.members.add([bob.handle]);
  // The copied device key opens Bob's inbox, and the Welcome is deleted once it is acknowledged.
  await syncAll(thief, bob);
  await tea.send('are you back, Bob?');
  await syncAll(thief, bob);
  expect(await textsOf(same(thief, tea))).toContain('are you back, Bob?');
  expect(await textsOf(same(bob, tea))).toEqual([]);
  expect([same(bob, tea).state, same(thief, tea).state]).toEqual(['stuck', 'active']);
});

test('a client heals by itself after so many messages', async () => {
  const update = { afterMessages: 5 };
  const [alice, bob] = [await town.join('alice'), await town.join('bob', { update })];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const start = same(bob, tea).epoch;
  for (let i = 0; i < 4; i++) await tea.send(`${i}`);
  await bob.sync();
  expect(same(bob, tea).epoch).toBe(start);
  await tea.send('the fifth');
  await bob.sync();
  expect(same(bob, tea).epoch).toBe(start + 1);
  expect((await contentsOf(same(bob, tea))).at(-1)).toEqual({ type: 'healed', handle: bob.handle });
});

test('a live client heals by itself too, and the other side follows', async () => {
  const update = { afterMessages: 3 };
  const alice = await town.join('alice', { live: true, update });
  const bob = await town.join('bob', { live: true });
  await eventually('both are online', () => [alice, bob].every(({ connection }) => connection === 'online'));
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('Bob is in', () => bob.conversations.list().length === 1);
  for (let i = 0; i < 3; i++) await tea.send(`${i}`);
  await eventually('both are in the healed epoch', () => same(bob, tea).epoch === 2 && tea.epoch === 2);
  expect(await textsOf(same(bob, tea))).toEqual(['0', '1', '2']);
});

test('a client that sends many messages at once heals after each hundred, before the rest', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const texts = Array.from({ length: 250 }, (_, i) => `text ${i}`);
  await Promise.all(texts.map((text) => tea.send(text)));
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(texts);
  const lines = await same(bob, tea).history({ limit: 1_000 });
  const runs = lines
    .map(({ content, from }) => (content.type === 'healed' && from === alice.handle ? '|' : content.type[0]))
    .join('')
    .split('|');
  expect(runs.map((run) => run.replaceAll(/[^t]/g, '').length)).toEqual([100, 100, 50]);
});
