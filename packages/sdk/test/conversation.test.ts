import { expect, test } from 'vitest';
import { contentsOf, people, same, syncAll, textsOf } from './support/people.ts';

const town = people();

test('two people talk, both ways, in order, each text once', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  for (let i = 0; i < 5; i++) {
    await tea.send(`from alice ${i}`);
    await bob.sync();
    await same(bob, tea).send(`from bob ${i}`);
    await alice.sync();
  }
  const expected = [0, 1, 2, 3, 4].flatMap((i) => [`from alice ${i}`, `from bob ${i}`]);
  expect(await textsOf(tea)).toEqual(expected);
  expect(await textsOf(same(bob, tea))).toEqual(expected);
  expect(same(bob, tea).name).toBe('Tea');
});

test('adding, removing and healing raise the epoch by one for everyone, and all agree on its authenticator', async () => {
  const [alice, bob, carol] = [await town.join('alice'), await town.join('bob'), await town.join('carol')];
  await syncAll(alice, bob, carol);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  const start = tea.epoch;

  expect(await tea.members.add([carol.handle])).toEqual({ epoch: start + 1 });
  await syncAll(bob, carol);
  expect(await same(bob, tea).heal()).toEqual({ epoch: start + 2 });
  await syncAll(alice, carol);
  const authenticators = [alice, bob, carol].map((client) => same(client, tea).security.epochAuthenticator);
  expect(new Set(authenticators).size).toBe(1);

  expect(await tea.members.remove([carol.handle])).toEqual({ epoch: start + 3 });
  await syncAll(bob, carol);
  expect(same(bob, tea).epoch).toBe(start + 3);
  expect(same(bob, tea).security.epochAuthenticator).toBe(tea.security.epochAuthenticator);
  expect(
    same(bob, tea)
      .security.members.map(({ handle }) => handle)
      .sort(),
  ).toEqual([alice.handle, bob.handle].sort());
});

test('who was removed reads nothing later, cannot send, and is told so', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await tea.send('before');
  await bob.sync();
  await tea.members.remove([bob.handle]);
  await tea.send('after');
  await bob.sync();

  const removed = same(bob, tea);
  expect(removed.state).toBe('removed');
  expect(await textsOf(removed)).toEqual(['before']);
  await expect(removed.send('still here?')).rejects.toMatchObject({ code: 'CONVERSATION_ENDED' });
});

test('who was removed and has not heard of it finds out by sending, and by healing', async () => {
  const [alice, bob, carol] = [await town.join('alice'), await town.join('bob'), await town.join('carol')];
  const tea = await alice.conversations.create({ members: [bob.handle, carol.handle] });
  await syncAll(bob, carol);
  await tea.members.remove([bob.handle, carol.handle]);
  await expect(same(bob, tea).send('hello?')).rejects.toMatchObject({ code: 'CONVERSATION_ENDED' });
  await expect(same(carol, tea).heal()).rejects.toMatchObject({ code: 'CONVERSATION_ENDED' });
  expect((await same(bob, tea).history()).at(-1)).toMatchObject({ content: { type: 'members-removed' } });
  await alice.sync();
  expect(await textsOf(tea)).toEqual([]);
});

test('who leaves is out as soon as another member hears of it', async () => {
  const [alice, bob, carol] = [await town.join('alice'), await town.join('bob'), await town.join('carol')];
  await syncAll(alice, bob, carol);
  const tea = await alice.conversations.create({ members: [bob.handle, carol.handle] });
  await syncAll(bob, carol);
  await same(bob, tea).leave();
  expect(same(bob, tea).state).toBe('leaving');
  await alice.sync();
  await syncAll(bob, carol);
  expect(same(bob, tea).state).toBe('left');
  expect(same(carol, tea).members.list()).toHaveLength(2);
  await tea.send('to those who stayed');
  await syncAll(bob, carol);
  expect(await textsOf(same(carol, tea))).toEqual(['to those who stayed']);
  expect(await textsOf(same(bob, tea))).toEqual([]);
});

test('who sends while proposals wait commits them first', async () => {
  const [alice, bob, carol] = [await town.join('alice'), await town.join('bob'), await town.join('carol')];
  await syncAll(alice, bob, carol);
  const tea = await alice.conversations.create({ members: [bob.handle, carol.handle] });
  await syncAll(bob, carol);
  await same(bob, tea).leave();
  await tea.send('sent with the proposal unread');
  await syncAll(carol, alice, bob);
  await same(carol, tea).send('and after it');
  await syncAll(alice, bob, carol);
  expect(await textsOf(tea)).toEqual(['sent with the proposal unread', 'and after it']);
  expect(same(bob, tea).state).toBe('left');
});

test('commits made at the same moment: one wins, the others are made again, nobody forks', async () => {
  const members = await Promise.all(['a', 'b', 'c', 'd'].map((name) => town.join(name)));
  await syncAll(...members);
  const [first] = members;
  const group = await first!.conversations.create({ members: members.slice(1).map(({ handle }) => handle) });
  await syncAll(...members);
  const start = group.epoch;

  await Promise.all(members.map((member) => same(member, group).heal()));
  await syncAll(...members);

  const states = members.map((member) => same(member, group).security);
  expect(states.map(({ epoch }) => epoch)).toEqual(members.map(() => start + members.length));
  expect(new Set(states.map(({ epochAuthenticator }) => epochAuthenticator)).size).toBe(1);
  const healed = (await contentsOf(group)).filter(({ type }) => type === 'healed');
  expect(healed).toHaveLength(members.length);
});

test('texts sent while others commit are sealed again and arrive once', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const sends = Array.from({ length: 10 }, (_, i) => tea.send(`text ${i}`));
  const heals = Array.from({ length: 3 }, () => same(bob, tea).heal());
  await Promise.all([...sends, ...heals]);
  await syncAll(alice, bob);
  expect(await textsOf(same(bob, tea))).toEqual(Array.from({ length: 10 }, (_, i) => `text ${i}`));
  expect(await textsOf(tea)).toEqual(await textsOf(same(bob, tea)));
});

test('adding someone whom nobody knows makes nothing', async () => {
  const alice = await town.join('alice');
  await alice.sync();
  await expect(alice.conversations.create({ members: ['nobody-at-all'] })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  });
  expect(alice.conversations.list()).toEqual([]);
  const alone = await alice.conversations.create({ members: [] });
  await expect(alone.members.add(['nobody-at-all'])).rejects.toMatchObject({ code: 'NOT_FOUND' });
  expect(alone.epoch).toBe(0);
  await expect(alone.members.add(['Not A Handle'])).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});

test.each([0x0001, 0x0003, 0x004e, 0x004f] as const)('suite %i carries a conversation', async (suite) => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  const tea = await alice.conversations.create({ members: [bob.handle], suite });
  await tea.send('hello');
  await bob.sync();
  expect(same(bob, tea).security.suite).toBe(suite);
  expect(await textsOf(same(bob, tea))).toEqual(['hello']);
});

test('both sides see the same safety number', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  await syncAll(alice, bob);
  await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const number = await alice.contacts.safetyNumber(bob.handle);
  expect(number.replaceAll(/\D/g, '')).toHaveLength(60);
  expect(await bob.contacts.safetyNumber(alice.handle)).toBe(number);
  expect(alice.contacts.isVerified(bob.handle)).toBe(false);
  await alice.contacts.verify(bob.handle, { safetyNumber: number });
  expect(alice.contacts.isVerified(bob.handle)).toBe(true);
});

test('a suite that does not exist is refused before anything is asked of the relay', async () => {
  const alice = await town.join('alice');
  const create = alice.conversations.create({ members: ['whoever'], suite: 5 as never });
  await expect(create).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', name: 'UsageError' });
  expect(alice.conversations.list()).toEqual([]);
});
