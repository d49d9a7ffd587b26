import { expect, test } from 'vitest';
import { film } from './support/film.ts';
import { network } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

async function cast() {
  const first = await film();
  const alice = await town.join('alice', { storage: first.storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await tea.send('before');
  await alice.close();
  const copy = await town.open({ storage: await first.putBackTo(first.length()), live: false });
  await copy.sync();
  const net = network();
  const storage = await first.putBackTo(first.length());
  const hers = await town.open({ storage, live: false, platform: net.platform });
  await hers.sync();
  await same(copy, tea).send('of the copy');
  return { hers, mine: same(hers, tea), bob, tea, net };
}

test('what is said again before leaving arrives, and then the leave', async () => {
  const { hers, mine, bob, tea } = await cast();
  const said = mine.send('last words').catch((error: unknown) => error);
  const left = mine.leave().catch((error: unknown) => error);
  await Promise.all([said, left]);
  await hers.sync().catch(() => undefined);
  await bob.sync();
  await hers.sync().catch(() => undefined);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toContain('last words');
  expect(mine.state).toBe('left');
});

test('what is said again keeps its place before what was said after it', async () => {
  const { hers, mine, bob, tea, net } = await cast();
  let isHeld = true;
  const sent: Promise<unknown>[] = [];
  net.delayNext('groups.post', async () => {
    if (!isHeld) return;
    isHeld = false;
    sent.push(mine.send('two'), mine.send('three'));
    await new Promise((resolve) => setTimeout(resolve, 200));
  });
  await mine.send('one');
  await Promise.all(sent);
  await hers.sync();
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['before', 'of the copy', 'one', 'two', 'three']);
});
