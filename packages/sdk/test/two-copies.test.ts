import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Conversation } from '../src/api/conversation.ts';
import { film } from './support/film.ts';
import { network, refused, reset } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** Two clients on copies of one storage, in which a message of Alice's waits that was never tried. */
async function copiesWithWaiting() {
  const first = await film();
  const alice = await town.join('alice', { storage: first.storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await tea.send('before');
  await alice.close();
  const second = await film(await first.putBackTo(first.length()));
  const away = network();
  away.fail(() => reset());
  const offline = await town.open({ storage: second.storage, live: false, platform: away.platform });
  void same(offline, tea)
    .send('waited')
    .catch(() => undefined);
  await eventually('it waits', () => same(offline, tea).waiting.length === 1);
  const open = async () => {
    const net = network();
    const storage = await second.putBackTo(second.length());
    const client = await town.open({ storage, live: false, platform: net.platform });
    return { client, net, tea: same(client, tea) };
  };
  return { bob, his: same(bob, tea), one: await open(), other: await open() };
}

const ownLines = async (conversation: Conversation) =>
  (await conversation.history()).flatMap(({ own, state, content }) =>
    own && content.type === 'text' ? [`${content.text}: ${state}`] : [],
  );

test('a message that waited in both copies, and that both have sealed, counts as sent in both, and arrives once', async () => {
  const { bob, his, one, other } = await copiesWithWaiting();
  // The other one has read the log and sealed the message when the first one posts it.
  other.net.delayNext('groups.post', () => one.client.sync());
  await other.client.sync();
  await other.client.sync();
  expect(await ownLines(other.tea)).toEqual(['before: sent', 'waited: sent']);
  expect(await ownLines(one.tea)).toEqual(['before: sent', 'waited: sent']);
  await bob.sync();
  expect(await textsOf(his)).toEqual(['before', 'waited']);
});

test('a relay that says without end that it has something else under a message’s id is not taken at its word', async () => {
  const net = network();
  const alice = await town.join('alice', { live: false, platform: net.platform });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  net.fail(({ procedure }) =>
    procedure === 'groups.post' ? refused('IDEMPOTENCY_CONFLICT', 409) : undefined,
  );
  await expect(tea.send('hello')).rejects.toMatchObject({ code: 'RELAY_MISBEHAVED' });
  expect(await ownLines(tea)).toEqual(['hello: queued']);
  net.mend();
  await alice.sync();
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['hello']);
});

/** Two clients on copies of one storage, which have read the log to its end, and Bob's view of the conversation. */
async function copies() {
  const first = await film();
  const alice = await town.join('alice', { storage: first.storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ members: [bob.handle] });
  await bob.sync();
  await tea.send('before');
  await alice.close();
  const open = async () => {
    const net = network();
    const storage = await first.putBackTo(first.length());
    const client = await town.open({ storage, live: false, platform: net.platform });
    await client.sync();
    return { client, net, tea: same(client, tea) };
  };
  return { bob, his: same(bob, tea), one: await open(), other: await open() };
}

test('a copy that is stuck does not show as sent what others could not open', async () => {
  const { bob, his, one, other } = await copies();
  // Both seal under one key. The one whose message comes second does not know of the other yet.
  other.net.delayNext('groups.post', async () => {
    await one.tea.send('of the one');
  });
  // Before it can heal, the first one does.
  other.net.fail(({ procedure }) => (procedure === 'groups.commit' ? reset() : undefined));
  void other.tea.send('of the other').catch(() => undefined);
  await eventually('both are in the log', async () => {
    await bob.sync();
    return (await his.history()).some(({ content }) => content.type === 'undecryptable');
  });
  await one.client.sync();
  other.net.mend();
  await other.client.sync();
  expect(other.tea.state).toBe('stuck');
  expect(await ownLines(other.tea)).toEqual(['before: sent', 'of the other: failed']);
  await bob.sync();
  expect(await textsOf(his)).toEqual(['before', 'of the one']);
});
