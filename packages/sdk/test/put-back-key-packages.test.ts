import { platform } from '#platform';
import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import type { Conversation } from '../src/api/conversation.ts';
import { film } from './support/film.ts';
import { network } from './support/network.ts';
import { people, same } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** More than the single-use key packages that the relay keeps of a device: the last ones come by the last resort. */
const INVITATIONS = Array.from({ length: 12 }, (_, n) => `tea ${n}`);

async function invite(bob: Client, guest: Client, names: readonly string[]): Promise<void> {
  for (const name of names) await bob.conversations.create({ name, members: [guest.handle] });
}

const namesOf = (client: Client) => client.conversations.list().map(({ name }) => name);

/** Alice's storage, put back to before she published key packages, and a note beside it if there is one. */
async function putBack({ isNoted = false } = {}) {
  const first = await film();
  const alice = await town.join('alice', { storage: first.storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await bob.conversations.create({ name: 'Tea', members: [alice.handle] });
  await alice.sync();
  const before = first.length();
  await invite(bob, alice, ['1', '2', '3', '4', '5', '6', '7', '8']);
  await alice.sync();
  await same(alice, tea).send('of before');
  await alice.close();
  const noted = first.length();
  const storage = await first.putBackTo(before);
  return { bob, storage: isNoted ? { ...storage, notedGeneration: async () => noted } : storage };
}

test.each([{ isNoted: true }, { isNoted: false }])(
  'a device whose storage was put back can be invited by all key packages that the relay has (noted: $isNoted)',
  async ({ isNoted }) => {
    const { bob, storage } = await putBack({ isNoted });
    const alice = await town.open({ storage, live: false });
    await alice.sync();
    // Without a note, the log has told it only after it looked after its key packages.
    if (!isNoted) await alice.sync();
    await invite(bob, alice, INVITATIONS);
    await alice.sync();
    expect(namesOf(alice)).toEqual(expect.arrayContaining(INVITATIONS));
  },
);

test('a live client replaces its key packages soon after its log tells that it was put back', async () => {
  const { bob, storage } = await putBack();
  const net = network();
  const random = { bytes: (length: number) => platform.random.bytes(length), fraction: () => 0.25 };
  // With that fraction a client looks after itself every 11,250 ms.
  const sleep: typeof platform.timers.sleep = (ms, signal) =>
    platform.timers.sleep(ms === 11_250 ? 200 : ms, signal);
  const alice = await town.open({
    storage,
    live: true,
    platform: { ...net.platform, random, timers: { sleep } },
  });
  await eventually(
    'they are replaced',
    () => net.calls.filter((call) => call === 'keyPackages.publish').length >= 4,
  );
  await invite(bob, alice, INVITATIONS);
  await eventually('Alice is in all of them', () =>
    INVITATIONS.every((name) => namesOf(alice).includes(name)),
  );
});

/** Two copies of Alice's storage in use at once: the second is stuck, since the first has healed. */
async function stuckCopy() {
  const first = await film();
  const alice = await town.join('alice', { storage: first.storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await tea.send('before');
  const copy = await town.open({ storage: await first.putBackTo(first.length()), live: false });
  await copy.sync();
  await same(copy, tea).send('of the copy');
  await alice.sync();
  await bob.sync();
  return { alice, copy, bob, hers: same(copy, tea), his: same(bob, tea) };
}

/** What the conversation says to a person who is stuck. */
async function addAgain(conversation: Conversation, handle: string): Promise<void> {
  await conversation.members.remove([handle]);
  await conversation.members.add([handle]);
}

test('a copy that is stuck is added again by a key package of its own', async () => {
  const { alice, copy, bob, hers, his } = await stuckCopy();
  // Has its own key packages at the relay, and is thrown away.
  await alice.sync();
  await alice.close();
  await copy.sync();
  expect(hers.state).toBe('stuck');
  await copy.sync();
  await addAgain(his, copy.handle);
  await copy.sync();
  expect(hers.state).toBe('active');
  await hers.send('here again');
  await bob.sync();
  expect(his.lastMessage?.content).toEqual({ type: 'text', text: 'here again' });
});

test('a copy that was added again by a key package of the other one can be added with the next try', async () => {
  const { alice, copy, hers, his } = await stuckCopy();
  await copy.sync();
  await copy.sync();
  await alice.sync();
  await alice.close();
  await addAgain(his, copy.handle);
  await copy.sync();
  expect(hers.state).toBe('stuck');
  await copy.sync();
  await addAgain(his, copy.handle);
  await copy.sync();
  expect(hers.state).toBe('active');
});
