import { backUpRelay, eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import { memoryStorage } from '../src/storage/memory.ts';
import { network, reset } from './support/network.ts';
import { people, same, syncAll, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/**
 * Alice and Bob, in two conversations, and a relay that is restored from a backup: it has lost what was said in `tea`, the
 * whole of `late`, and the invitations to that.
 */
async function afterRestore() {
  const [storage, bobs] = [memoryStorage(), memoryStorage()];
  const alice = await town.join('alice', { storage });
  const bob = await town.join('bob', { storage: bobs });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  const chess = await alice.conversations.create({ name: 'Chess', members: [bob.handle] });
  await bob.sync();
  const backup = await backUpRelay(town.relay());
  await tea.send('lost by the relay');
  const late = await alice.conversations.create({ name: 'Late', members: [bob.handle] });
  for (const name of ['A', 'B']) await alice.conversations.create({ name, members: [bob.handle] });
  await syncAll(bob, alice);
  await backup.restore();
  return { alice, bob, tea, chess, late, storages: { alice: storage, bob: bobs } };
}

/** What a pass over everything ends with. */
const pass = (client: Client) => client.sync().catch((error: unknown) => error);

test('a conversation that is ahead of a restored relay does not stop the others', async () => {
  const { alice, bob, tea, chess, late } = await afterRestore();
  await same(bob, chess).send('your move');

  // Of whichever of the two conversations comes first.
  expect(await pass(alice)).toMatchObject({ code: expect.stringMatching('CURSOR_INVALID|NOT_AUTHORIZED') });
  expect(await textsOf(chess)).toEqual(['your move']);
  expect(tea.trouble).toMatchObject({ code: 'CURSOR_INVALID', message: expect.stringContaining('backup') });
  expect(late.trouble).toMatchObject({ code: 'NOT_AUTHORIZED' });
  expect(chess.trouble).toBeUndefined();
  await chess.send('e4');
  await pass(bob);
  expect(await textsOf(same(bob, chess))).toEqual(['your move', 'e4']);
});

test('invitations arrive although the inbox of a restored relay ends before what was read of it', async () => {
  const { alice, bob } = await afterRestore();
  // Of another suite: the key packages of the first one that the relay has back are used up.
  const next = await alice.conversations.create({ name: 'Next', members: [bob.handle], suite: 0x0003 });
  await pass(bob);
  expect(bob.conversations.find('Next').id).toBe(next.id);
  await bob.conversations.find('Next').send('here I am');
});

test('live clients follow all other conversations, and say that they are online', async () => {
  const { alice, bob, tea, chess, storages } = await afterRestore();
  for (const client of [alice, bob]) await client.close();
  const [left, right] = [
    await town.open({ storage: storages.alice, live: true }),
    await town.open({ storage: storages.bob, live: true }),
  ];
  for (const client of [left, right]) await eventually('it is online', () => client.connection === 'online');
  expect(same(left, tea).trouble).toMatchObject({ code: 'CURSOR_INVALID' });
  await same(right, chess).send('your move');
  await eventually('it arrives', async () => (await textsOf(same(left, chess))).length === 1);
});

test('a message that a restored relay has lost before it was read back goes out again', async () => {
  const net = network();
  const alice = await town.join('alice', { platform: net.platform });
  const [bob, carol] = [await town.join('bob'), await town.join('carol')];
  const tea = await alice.conversations.create({ members: [bob.handle, carol.handle] });
  await syncAll(bob, carol);
  const backup = await backUpRelay(town.relay());
  await same(bob, tea).send('lost by the relay');
  // Alice's message stands behind Bob's, which she has not read.
  net.fail(({ procedure }) => (procedure === 'groups.read' ? reset() : undefined));
  await tea.send('mine');
  expect((await tea.history()).at(-1)).toMatchObject({ state: 'sent' });
  await backup.restore();
  net.mend();
  await alice.sync();
  await tea.send('and on');
  await carol.sync();
  for (const client of [alice, carol]) expect(await textsOf(same(client, tea))).toEqual(['mine', 'and on']);
  expect((await tea.history()).slice(-2)).toMatchObject([{ state: 'sent' }, { state: 'sent' }]);
});

test('a message fails if the commit that has to go before it is refused for good', async () => {
  const net = network();
  const [bob, carol] = [await town.join('bob'), await town.join('carol')];
  const alice = await town.join('alice', { platform: net.platform });
  const tea = await alice.conversations.create({ members: [bob.handle, carol.handle] });
  const backup = await backUpRelay(town.relay());
  await tea.heal();
  await bob.sync();
  await same(bob, tea).leave();
  net.fail(({ procedure }) => (procedure === 'groups.commit' ? reset() : undefined));
  await expect(alice.sync()).rejects.toMatchObject({ code: 'NETWORK' });
  net.mend();
  // The relay does not know the epoch in which Bob asked to leave.
  await backup.restore();
  const before = net.calls.length;
  await expect(tea.send('after')).rejects.toMatchObject({ code: 'NOT_AUTHORIZED' });
  expect(net.calls.slice(before).filter((call) => call === 'groups.commit').length).toBeLessThan(5);
  expect(tea.waiting).toEqual([]);
});

test('a call that waits while the relay is away is told when it comes back with less than it had', async () => {
  const net = network();
  const alice = await town.join('alice', { live: true, platform: net.platform });
  const bob = await town.join('bob');
  const tea = await alice.conversations.create({ members: [bob.handle] });
  const backup = await backUpRelay(town.relay());
  await tea.send('lost by the relay');
  net.fail(({ procedure }) => (procedure === 'groups.post' ? reset() : undefined));
  const sending = tea.send('later');
  await eventually('it waits', () => tea.waiting.length > 0);
  await backup.restore();
  await expect(sending).rejects.toMatchObject({
    code: 'CURSOR_INVALID',
    details: { queued: true },
  });
});

test('who is ahead of a restored relay can leave on their own device, and comes back when somebody who is not adds them again', async () => {
  const [alice, bob, carol] = [await town.join('alice'), await town.join('bob'), await town.join('carol')];
  const tea = await alice.conversations.create({ members: [bob.handle, carol.handle] });
  await syncAll(bob, carol);
  const backup = await backUpRelay(town.relay());
  await tea.send('lost by the relay');
  await tea.heal();
  await bob.sync();
  await backup.restore();
  await pass(bob);
  const theirs = same(bob, tea);
  expect(theirs.trouble).toMatchObject({ code: expect.stringMatching('CURSOR_INVALID|NOT_AUTHORIZED') });
  await theirs.leave();
  expect([theirs.state, theirs.trouble]).toEqual(['left', undefined]);
  await bob.sync();
  const here = same(carol, tea);
  await here.members.remove([bob.handle]);
  await here.members.add([bob.handle]);
  await here.send('welcome back');
  await bob.sync();
  expect(await textsOf(theirs)).toEqual(['lost by the relay', 'welcome back']);
  await theirs.send('thanks');
  await carol.sync();
  expect(await textsOf(here)).toEqual(['welcome back', 'thanks']);
});
