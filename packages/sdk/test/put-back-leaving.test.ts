import { eventually } from '@quicprochat/testkit';
import { expect, test } from 'vitest';
import type { Conversation } from '../src/api/conversation.ts';
import { film } from './support/film.ts';
import { network, reset } from './support/network.ts';
import { people, same, textsOf } from './support/people.ts';

const town = people();

/** Alice, whose storage is filmed, in a conversation with Bob. */
async function cast() {
  const first = await film();
  const alice = await town.join('alice', { storage: first.storage, live: false });
  const bob = await town.join('bob', { live: false });
  const tea = await alice.conversations.create({ name: 'Tea', members: [bob.handle] });
  await bob.sync();
  await tea.send('before');
  return { first, alice, bob, tea };
}

const ask = (tea: Conversation) =>
  tea.send('is anybody there?').then(
    () => 'sent',
    () => 'not sent',
  );

test.each(['before leaving', 'to when leaving waited', 'to when leaving was sealed'])(
  'a storage that was put back %s does not go on alone after the others have taken it out',
  async (when) => {
    const { first, alice, bob, tea } = await cast();
    await alice.close();
    const second = await film(await first.putBackTo(first.length()));
    const net = network();
    net.fail(() => reset());
    const next = await town.open({ storage: second.storage, live: false, platform: net.platform });
    const places = { 'before leaving': second.length() } as Record<string, number>;
    void same(next, tea)
      .leave()
      .catch(() => undefined);
    await eventually('it waits', () => same(next, tea).waiting.length === 1);
    places['to when leaving waited'] = second.length();
    net.fail(({ procedure }) => (procedure === 'groups.post' ? reset() : undefined));
    await eventually('it is tried', () => net.calls.includes('groups.post'));
    places['to when leaving was sealed'] = second.length();
    net.mend();
    await next.sync();
    await next.close();
    await bob.sync();
    expect(
      same(bob, tea)
        .members.list()
        .map(({ handle }) => handle),
    ).toEqual([bob.handle]);

    const again = await town.open({ storage: await second.putBackTo(places[when]!), live: false });
    await again.sync().catch(() => undefined);
    const hers = same(again, tea);
    const sent = await ask(hers);
    await again.sync().catch(() => undefined);
    await bob.sync();
    expect([sent, await textsOf(same(bob, tea))]).not.toEqual(['sent', ['before']]);
    expect(['left', 'removed', 'stuck']).toContain(hers.state);
  },
);

test('a storage that was put back to before it asked to leave is not alone with its next commit', async () => {
  const { first, alice, bob, tea } = await cast();
  const before = first.length();
  // Bob is away, and does not commit it yet.
  await tea.leave();
  await alice.close();

  const again = await town.open({ storage: await first.putBackTo(before), live: false });
  const hers = same(again, tea);
  const sent = await ask(hers);
  await bob.sync();
  await again.sync().catch(() => undefined);
  await bob.sync();
  await again.sync().catch(() => undefined);
  const his = same(bob, tea);
  expect([hers.state, sent, await textsOf(his)]).toEqual(['stuck', 'not sent', ['before']]);

  await his.members.add([again.handle]);
  await again.sync();
  await hers.send('here again');
  await bob.sync();
  expect(await textsOf(his)).toEqual(['before', 'here again']);
});
