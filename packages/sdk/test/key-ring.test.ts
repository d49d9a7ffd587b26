import { expect, test } from 'vitest';
import { memoryStorage } from '../src/storage/memory.ts';
import { RING_PREFIX } from '../src/storage/storage.ts';
import { film } from './support/film.ts';
import { network } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** Alice, Bob, a conversation in its fifth epoch or so, and what Alice's storage was after each commit. */
async function filmed() {
  const alices = await film();
  const alice = await town.join('alice', { storage: alices.storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  const joined = alices.length();
  for (const round of [1, 2, 3]) {
    await tea.send(`alice ${round}`);
    await bob.sync();
    // An own commit that a storage does not have would make it stuck by itself.
    await same(bob, tea).send(`bob ${round}`);
    await same(bob, tea).heal();
    await alice.sync();
  }
  await tea.send('the last one');
  const { epoch } = tea;
  await alice.close();
  return { alices, bob, tea, joined, epoch };
}

test('rows of every epoch that is over are stuck under the key ring of now, and show nothing new', async () => {
  const { alices, bob, tea, joined, epoch } = await filmed();
  let stuck = 0;
  for (let generation = joined; generation <= alices.length(); generation++) {
    const storage = await alices.putBackUnderRingOfNow(generation);
    const again = await town.open({ storage, live: false });
    const hers = same(again, tea);
    const [then, before] = [hers.epoch, await textsOf(hers)];
    await again.sync();
    expect(hers.trouble).toBeUndefined();
    if (then === epoch) {
      expect(hers.state).toBe('active');
      break;
    }
    stuck += 1;
    expect(hers.state, `${generation}`).toBe('stuck');
    expect(await textsOf(hers)).toEqual(before);
    await expect(hers.send('nobody could read this')).rejects.toMatchObject({ code: 'CONVERSATION_STUCK' });
    await again.close();
  }
  expect(stuck).toBeGreaterThan(8);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).not.toContain('nobody could read this');
});

test('with the ring of their time the same rows open: only the erased keys keep them shut', async () => {
  const { alices, tea, joined } = await filmed();
  const again = await town.open({ storage: await alices.putBackTo(joined), live: false });
  await again.sync();
  expect(same(again, tea).state).toBe('active');
  expect(await textsOf(same(again, tea))).toContain('bob 3');
});

test.each([
  ['goes on', false],
  ['can be left, and goes on', true],
])(
  'a conversation that is stuck so takes no other along, and %s when a member adds the device again',
  async (_what, isLeft) => {
    const { alices, bob, tea, joined } = await filmed();
    const work = await bob.conversations.create({ name: 'Work', members: [] });
    const storage = await alices.putBackUnderRingOfNow(joined);
    const again = await town.open({ storage, live: false });
    await again.sync();
    expect(same(again, tea).state).toBe('stuck');
    await work.members.add([again.handle]);
    await again.sync();
    await same(again, work).send('this one works');
    await bob.sync();
    expect(await textsOf(work)).toContain('this one works');

    if (isLeft) {
      await same(again, tea).leave();
      expect(same(again, tea).state).toBe('left');
    }
    await same(bob, tea).members.remove([again.handle]);
    await same(bob, tea).members.add([again.handle]);
    await again.sync();
    expect(same(again, tea).state).toBe('active');
    await same(again, tea).send('here again');
    await bob.sync();
    expect(await textsOf(same(bob, tea))).toContain('here again');
    await again.close();
    const reopened = await town.open({ storage, live: false });
    await same(reopened, tea).send('and after opening again');
    await bob.sync();
    expect(await textsOf(same(bob, tea))).toContain('and after opening again');
  },
);

test('there is one key for each group, and none for one that was left', async () => {
  const storage = memoryStorage();
  const alice = await town.join('alice', { storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  const keys = () => storage.scan({ prefix: `${RING_PREFIX}${tea.id}/` });
  const seen = new Set<string>();
  for (let round = 0; round < 3; round++) {
    const before = await keys();
    expect(before).toHaveLength(1);
    seen.add(before[0]!.key);
    await tea.send('in this epoch');
    expect(await keys()).toEqual(before);
    await tea.heal();
  }
  expect(seen.size).toBe(3);
  await bob.sync();
  await same(bob, tea).members.remove([alice.handle]);
  await alice.sync();
  expect(tea.state).toBe('removed');
  expect(await keys()).toEqual([]);
});

test('keys that a program left behind when it ended in the middle of a commit are erased at the next opening', async () => {
  const storage = memoryStorage();
  const kept = { ...storage, close: async () => undefined };
  const alice = await town.join('alice', { storage: kept, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await alice.close();
  const before = await storage.scan({ prefix: RING_PREFIX });
  const leftOver = before.flatMap(({ key }) => {
    const [ring, scope, id = ''] = key.split('/');
    const other = id.slice(0, -2) + (id.endsWith('AA') ? 'BA' : 'AA');
    return { key: `${ring}/${scope}/${other}`, value: new Uint8Array(32).fill(7) };
  });
  const unknown = { key: `${RING_PREFIX}${'0'.repeat(32)}/BRAA`, value: new Uint8Array(32) };
  await storage.commit([...leftOver, unknown], await storage.generation());
  expect((await storage.scan({ prefix: RING_PREFIX })).length).toBe(2 * before.length + 1);

  const again = await town.open({ storage: kept, live: false });
  expect(await storage.scan({ prefix: RING_PREFIX })).toEqual(before);
  await same(again, tea).send('still here');
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['still here']);
});

test('two clients of one storage do not erase each other’s keys', async () => {
  const storage = memoryStorage();
  const shared = { ...storage, close: async () => undefined };
  const first = await town.join('alice', { storage: shared, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await first.conversations.create({ name: 'Tea', members: [bob.handle] });
  const second = await town.open({ storage: shared, live: false });
  for (let round = 0; round < 6; round++) {
    await Promise.all([
      tea.heal(),
      same(second, tea).heal(),
      tea.send(`a ${round}`),
      same(second, tea).send(`b ${round}`),
    ]);
    expect(await storage.scan({ prefix: `${RING_PREFIX}${tea.id}/` })).toHaveLength(1);
  }
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toHaveLength(12);
  await second.close();
  const third = await town.open({ storage: shared, live: false, platform: network().platform });
  await same(third, tea).send('all is well');
});
