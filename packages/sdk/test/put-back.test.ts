import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import type { Conversation } from '../src/api/conversation.ts';
import type { Content } from '../src/model/message.ts';
import { film, type Film } from './support/film.ts';
import { network, reset } from './support/network.ts';
import { contentsOf, people, same, textsOf } from './support/people.ts';

const town = people({ QPC_RATE_FACTOR: '1000' });

/** Calls that bring something encrypted to the log. */
const ENCRYPTED = ['groups.commit', 'groups.post'];

/** Alice and Bob in a conversation, and a film of Alice's storage. */
async function filmed() {
  const first = await film();
  const alice = await town.join('alice', { storage: first.storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  return { alice, bob, tea, length: first.length, reopen: reopening(first, tea) };
}

/** Opens a storage as it was after so many commits, films it, and notes what the client asks of the relay. */
function reopening(before: Film, { id }: Conversation) {
  return async (commits: number) => {
    const next = await film(await before.putBackTo(commits));
    const net = network();
    const again = await town.open({ storage: next.storage, live: false, platform: net.platform });
    const tea = again.conversations.find(id);
    return { again, tea, net, film: next, reopen: reopening(next, tea) };
  };
}

const shownAsSent = async (conversation: Conversation) =>
  (await conversation.history({ limit: 1_000 })).flatMap(({ own, state, content }) =>
    own && state === 'sent' && content.type === 'text' ? [content.text] : [],
  );

const countOf = async (conversation: Conversation, type: Content['type']) =>
  (await contentsOf(conversation)).filter((content) => content.type === type).length;

/** 18 commits of Alice's storage in which no epoch ends. */
async function talk(alice: Client, tea: Conversation, bob: Client): Promise<string[]> {
  for (const n of [1, 2, 3]) await tea.send(`alice ${n}`);
  await bob.sync();
  await same(bob, tea).send('bob 1');
  await alice.sync();
  await Promise.all([4, 5, 6].map((n) => tea.send(`alice ${n}`)));
  for (const n of [7, 8, 9, 10, 11, 12]) await tea.send(`alice ${n}`);
  return Array.from({ length: 12 }, (_, n) => `alice ${n + 1}`);
}

/** Where a storage is put back to, counted in commits from its last one. */
const PLACES = Array.from({ length: 20 }, (_, back) => back);

test.each(PLACES)(
  'a storage that is put back by %i commits heals before it encrypts, and everyone gets every message',
  async (back) => {
    const { alice, bob, tea, length, reopen } = await filmed();
    const said = await talk(alice, tea, bob);
    await alice.close();

    const { tea: hers, net } = await reopen(length() - back);
    await hers.send('after');
    // What it had stored as sealed was settled by the log: with that, nothing is lost.
    const isLost = back >= 2;
    expect(net.calls.find((call) => ENCRYPTED.includes(call))).toBe(isLost ? 'groups.commit' : 'groups.post');
    expect(await countOf(hers, 'copied')).toBe(isLost ? 1 : 0);

    await bob.sync();
    const his = same(bob, tea);
    const expected = [...said, 'bob 1', 'after'].sort();
    expect((await textsOf(his)).sort()).toEqual(expected);
    expect(await countOf(his, 'undecryptable')).toBe(0);
    for (const text of await shownAsSent(hers)) expect(expected).toContain(text);
  },
);

test('a message that waited when the storage was put back, and was sent since, counts as sent, and is not sent twice', async () => {
  const { alice, bob, tea, length, reopen } = await filmed();
  await tea.send('before');
  await alice.close();
  const first = await reopen(length());
  first.net.fail(() => reset());
  void first.tea.send('waited').catch(() => undefined);
  await eventually('it waits', () => first.tea.waiting.length === 1);
  const waited = first.film.length();
  first.net.mend();
  await first.again.sync();
  expect(await shownAsSent(first.tea)).toEqual(['before', 'waited']);

  const second = await first.reopen(waited);
  expect(second.tea.waiting).toMatchObject([{ kind: 'message', state: 'queued' }]);
  await second.again.sync();
  expect(second.tea.waiting).toEqual([]);
  expect(await shownAsSent(second.tea)).toEqual(['before', 'waited']);
  expect(await countOf(second.tea, 'undecryptable')).toBe(0);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['before', 'waited']);
});

test('a message that was sealed before the client was opened goes out again byte for byte', async () => {
  const { alice, bob, tea, length, reopen } = await filmed();
  await tea.send('before');
  await alice.close();
  const first = await reopen(length());
  await first.again.sync();
  const posts: string[] = [];
  const note = ({ procedure, body }: { procedure: string; body: string }) => {
    if (procedure === 'groups.post') posts.push(body);
    return procedure === 'groups.post' ? reset() : undefined;
  };
  first.net.fail(note);
  void first.tea.send('sealed').catch(() => undefined);
  await eventually('it was tried', () => posts.length > 0);
  await first.again.close();
  posts.splice(1);
  const second = await first.reopen(first.film.length());
  second.net.fail((call) => void note(call));
  await second.again.sync();
  const entries = posts.map((body) => (JSON.parse(body) as { entries: unknown }).entries);
  expect(entries).toHaveLength(2);
  expect(entries[1]).toEqual(entries[0]);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['before', 'sealed']);
});

test('a storage that was put back to before its own commit cannot follow, and says so', async () => {
  const { alice, bob, tea, length, reopen } = await filmed();
  await tea.send('before');
  const before = length();
  await tea.heal();
  await tea.send('after');
  await alice.close();
  const { again, tea: hers, net } = await reopen(before);
  await again.sync();
  expect(hers.state).toBe('stuck');
  expect(net.calls.filter((call) => ENCRYPTED.includes(call))).toEqual([]);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['before', 'after']);
});

test('without a connection, a client that was just opened stores messages, and encrypts none', async () => {
  const { alice, tea, length, reopen } = await filmed();
  await tea.send('before');
  await alice.close();
  const { tea: hers, net } = await reopen(length());
  net.fail(() => reset());
  void hers.send('waits').catch(() => undefined);
  await eventually('it waits', () => hers.waiting.length === 1);
  expect(hers.waiting).toMatchObject([{ kind: 'message', state: 'queued' }]);
});

test('of two copies in use at once, the one that finds the other’s message heals, and the other one is out', async () => {
  const { alice, bob, tea, length, reopen } = await filmed();
  await tea.send('before');
  const { again: copy, tea: copys, net } = await reopen(length());
  await copy.sync();
  await tea.send('of the first');
  // The copy has read up to before that. It encrypts the first under the same key, and the second under the next one.
  let later: Promise<unknown> = Promise.resolve();
  net.delayNext('groups.post', async () => {
    later = copys.send('later');
  });
  await Promise.all([copys.send('of the copy'), copys.send('and more')]);
  await later;
  expect(net.calls.filter((call) => ENCRYPTED.includes(call))).toEqual([
    'groups.post',
    'groups.commit',
    'groups.post',
  ]);
  expect(await countOf(copys, 'copied')).toBe(1);
  await alice.sync();
  expect(tea.state).toBe('stuck');
  await bob.sync();
  const texts = await textsOf(same(bob, tea));
  expect(texts.sort()).toEqual(['and more', 'before', 'later', 'of the copy', 'of the first']);
  // What did not open for Bob stays before what was said later.
  expect(same(bob, tea).lastMessage?.content).toEqual({ type: 'text', text: 'later' });
});

test('a message that had been tried before the storage was put back, and was sealed anew since, is shown once', async () => {
  const { alice, bob, tea, length, reopen } = await filmed();
  await tea.send('before');
  await alice.close();
  const first = await reopen(length());
  await first.again.sync();
  first.net.failNext('groups.post', reset);
  const sending = first.tea.send('tried');
  void sending.catch(() => undefined);
  await eventually('it was tried', () => first.net.calls.includes('groups.post'));
  const tried = first.film.length();
  // Bob ends the epoch that it was sealed for.
  await same(bob, tea).heal();
  first.net.mend();
  await first.again.sync();
  expect(await shownAsSent(first.tea)).toEqual(['before', 'tried']);

  const second = await first.reopen(tried);
  await second.again.sync();
  expect(second.tea.waiting).toEqual([]);
  expect(await shownAsSent(second.tea)).toEqual(['before', 'tried']);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['before', 'tried']);
});

test('what waits when a copy is noticed goes out after healing, once', async () => {
  const { alice, bob, tea, length, reopen } = await filmed();
  await tea.send('before');
  await alice.close();
  const copy = await reopen(length());
  await copy.again.sync();
  await copy.tea.send('of the copy');
  const { again, tea: hers, net } = await reopen(length());
  await Promise.all([hers.send('one'), hers.send('two')]);
  await again.sync();
  expect(net.calls.filter((call) => ENCRYPTED.includes(call))).toEqual(['groups.commit', 'groups.post']);
  await bob.sync();
  expect(await textsOf(same(bob, tea))).toEqual(['before', 'of the copy', 'one', 'two']);
});
