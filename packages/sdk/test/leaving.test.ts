import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import type { Conversation } from '../src/api/conversation.ts';
import { people, same, syncAll } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** So many people in one conversation. */
async function party(size: number, options: { live?: boolean } = {}) {
  const members = await Promise.all(Array.from({ length: size }, () => town.join('member', options)));
  const [host = expect.unreachable(), ...guests] = members;
  const tea = await host.conversations.create({ members: guests.map(({ handle }) => handle) });
  if (options.live)
    await eventually('all are in', () => guests.every((guest) => guest.conversations.list().length === 1));
  else await syncAll(...members);
  return { members, tea };
}

const statesOf = (members: Client[], tea: Conversation) => members.map((member) => same(member, tea).state);

test.each([2, 3])(
  'when all %i members leave without having heard of one another, each has left',
  async (size) => {
    const { members, tea } = await party(size);
    for (const member of members) await same(member, tea).leave();
    for (const member of members) await member.sync();
    expect(statesOf(members, tea)).toEqual(members.map(() => 'left'));
    // Nothing is left of its keys, and nothing waits any more.
    expect(tea.members.list()).toEqual([]);
    await expect(tea.send('anyone?')).rejects.toMatchObject({ code: 'CONVERSATION_ENDED' });
  },
);

test('live members who all leave at once have all left', async () => {
  const { members, tea } = await party(3, { live: true });
  await Promise.all(members.map((member) => same(member, tea).leave()));
  await eventually('all have left', () => statesOf(members, tea).every((state) => state === 'left'));
});

test('members who leave while another makes a change leave with the next epoch', async () => {
  const { members, tea } = await party(3);
  const [, bob = expect.unreachable(), carol = expect.unreachable()] = members;
  await tea.leave();
  // Her commit was made before she heard of it, and takes the place of Alice's proposal.
  const healing = same(carol, tea).heal();
  await same(bob, tea).leave();
  await healing;
  await same(carol, tea).leave();
  for (let round = 0; round < 3; round++) await syncAll(...members);
  expect(statesOf(members, tea)).toEqual(['left', 'left', 'left']);
});

test('a member who stays keeps the conversation, and commits that the others leave', async () => {
  const { members, tea } = await party(3);
  const [alice, bob = expect.unreachable(), carol = expect.unreachable()] = members;
  await tea.leave();
  await same(bob, tea).leave();
  await alice?.sync();
  expect([tea.state, same(bob, tea).state]).toEqual(['leaving', 'leaving']);
  await carol.sync();
  await syncAll(...members);
  expect(statesOf(members, tea)).toEqual(['left', 'left', 'active']);
  await same(carol, tea).send('to myself');
});

test('leaving twice is no error, whether the first is under way, accepted or over', async () => {
  const [alice, bob] = [await town.join('alice'), await town.join('bob')];
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await Promise.all([same(bob, tea).leave(), same(bob, tea).leave()]);
  await same(bob, tea).leave();
  expect(same(bob, tea).state).toBe('leaving');
  await syncAll(alice, bob);
  await same(bob, tea).leave();
  expect(same(bob, tea).state).toBe('left');
});

test('leaving a conversation that one was removed from does nothing', async () => {
  const { members, tea } = await party(2);
  const [, bob = expect.unreachable()] = members;
  await tea.members.remove([bob.handle]);
  await bob.sync();
  await same(bob, tea).leave();
  expect(same(bob, tea).state).toBe('removed');
});
