import { expect, test } from 'vitest';
import { badGateway, network } from './support/network.ts';
import { people, same } from './support/people.ts';

const town = people();

test('a conversation tells how many entries it has read while more are waiting, and nothing once it has read them all', async () => {
  const alice = await town.join('alice');
  const bob = await town.join('bob');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  const view = same(bob, tea);
  for (let epoch = 0; epoch < 5; epoch++) {
    await tea.send(`in epoch ${epoch}`);
    await tea.heal();
  }
  const told: (number | undefined)[] = [];
  bob.subscribe(() => {
    if (told.at(-1) !== view.catchingUp?.entries) told.push(view.catchingUp?.entries);
  });
  await bob.sync();
  // A page ends with its epoch: a message and a commit.
  expect(told).toEqual([2, 4, 6, 8, 10, undefined]);
  expect(view.epoch).toBe(tea.epoch);
});

test('a conversation that could not be read on is not catching up', async () => {
  const alice = await town.join('alice');
  const net = network();
  const bob = await town.join('bob', { platform: net.platform });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await tea.heal();
  await tea.heal();
  let pages = 0;
  net.fail(({ procedure }) => (procedure === 'groups.read' && pages++ > 0 ? badGateway() : undefined));
  await expect(bob.sync()).rejects.toMatchObject({ code: 'NETWORK' });
  expect(pages).toBeGreaterThan(1);
  expect(same(bob, tea).catchingUp).toBeUndefined();
});
