import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import { people, same, textsOf } from './support/people.ts';

const town = people();

/** How often each of these calls has succeeded at the relay. */
async function calls(procedure: string): Promise<number> {
  const metrics = await (await fetch(`${town.relay().adminUrl}/metrics`)).text();
  const line = metrics.split('\n').find((each) => each.includes(`procedure="${procedure}",outcome="OK"`));
  return Number(line?.split(' ').at(-1) ?? 0);
}

test('a commit closes no stream: those who follow go on with the next epoch on the one that they have', async () => {
  const [alice, bob] = [await town.join('alice', { live: true }), await town.join('bob', { live: true })];
  await eventually('both are online', () => [alice, bob].every(({ connection }) => connection === 'online'));
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await eventually('Bob is in', () => bob.conversations.list().length === 1);
  await tea.send('before');
  await eventually('Bob has it', async () => (await textsOf(same(bob, tea))).length === 1);
  const [opened, followed] = [await calls('groups.openStream'), await calls('groups.follow')];

  for (let i = 0; i < 3; i += 1) {
    const { epoch } = tea;
    await tea.heal();
    await eventually('both are in the next epoch', () => same(bob, tea).epoch > epoch);
    await same(bob, tea).send(`${i}`);
    await eventually('Alice has it', async () => (await textsOf(tea)).length === i + 2);
  }
  const second = await bob.conversations.create({ members: [alice.handle] });
  await second.send('another');
  await eventually('Alice is in both', async () => {
    const found = alice.conversations.list().find(({ id }) => id === second.id);
    return found !== undefined && (await textsOf(found)).includes('another');
  });
  expect(await calls('groups.openStream')).toBe(opened);
  // Each epoch by both of them.
  expect(await calls('groups.follow')).toBeGreaterThanOrEqual(followed + 6);
});
