import { startGoBetween, type GoBetween } from '@quicprochat/testkit';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { town } from './town.ts';

const { emptyHome, move, relay } = town();

let hostile: GoBetween;
beforeAll(async () => {
  hostile = await startGoBetween(relay().url);
});
afterAll(() => hostile.close());

interface Answer {
  devices: { handle: string }[];
}

test('a conversation that the relay would let somebody else into, or nobody, is not made', async () => {
  const [bob, mallory] = [await move('bob'), await move('mallory')];
  const alice = emptyHome('alice');
  await alice.done('register', 'alice', '--relay', hostile.url);
  const refused = { exit: 4, code: 'RELAY_MISBEHAVED' };

  let extra: Answer['devices'] = [];
  hostile.rewrite('keyPackages.claim', (answer: Answer) => ((extra = answer.devices), answer));
  await alice.done('conversations', 'create', '--name', 'Tea', '--with', mallory.handle);
  const lies = [
    () => ({ devices: [] }),
    ({ devices }: Answer) => ({ devices: [...devices, ...extra] }),
    ({ devices }: Answer) => ({
      devices: [...devices, ...extra.map((one) => ({ ...one, handle: `${bob.handle}\u200b` }))],
    }),
  ];
  for (const lie of lies) {
    hostile.rewrite('keyPackages.claim', lie);
    expect(await alice.refused('conversations', 'create', '--with', bob.handle)).toEqual(refused);
    expect(await alice.refused('members', 'Tea', 'add', bob.handle)).toEqual(refused);
  }

  hostile.rewrite('keyPackages.claim');
  const { conversations } = await alice.done('conversations');
  expect(conversations).toEqual([expect.objectContaining({ name: 'Tea', epoch: 1 })]);
  expect(await alice.done('members', 'Tea')).toEqual({
    members: [{ handle: 'alice' }, { handle: mallory.handle }],
  });
}, 60_000);
