import { expect, test } from 'vitest';
import type { Client } from '../src/api/client.ts';
import type { Conversation } from '../src/api/conversation.ts';
import { people, same, syncAll } from './support/people.ts';

/** System lines name the person who acted: not whoever committed it, and not whoever received it. */
const town = people();

interface Line {
  from: string;
  own: boolean;
  content: { type: string };
}

/** The system lines of a conversation after a position. */
async function linesOf(client: Client, conversation: Conversation, after = 0): Promise<Line[]> {
  const lines = await same(client, conversation).history({ after, limit: 1_000 });
  return lines
    .filter(({ content }) => !['text', 'undecryptable'].includes(content.type))
    .map(({ from, own, content }) => ({ from, own, content }));
}

/** Alice's conversation with Bob and Carol, who know of it. */
async function three(options: { name?: string } = {}) {
  const [alice, bob, carol] = [await town.join('alice'), await town.join('bob'), await town.join('carol')];
  const tea = await alice.conversations.create({ ...options, members: [bob.handle, carol.handle] });
  await syncAll(alice, bob, carol);
  return { alice, bob, carol, tea };
}

/** How far everyone's history goes. */
function endsOf(conversation: Conversation, ...clients: Client[]): Map<Client, number> {
  return new Map(clients.map((client) => [client, same(client, conversation).lastMessage?.position ?? 0]));
}

test('an invitation is from whoever invited', async () => {
  const { alice, bob, carol, tea } = await three();
  for (const guest of [bob, carol]) {
    expect(await linesOf(guest, tea)).toEqual([
      { from: alice.handle, own: false, content: { type: 'members-added', handles: [guest.handle] } },
    ]);
  }
  const handles = [bob.handle, carol.handle].sort();
  expect(await linesOf(alice, tea)).toEqual([
    { from: alice.handle, own: true, content: { type: 'members-added', handles } },
  ]);
});

test('someone is added by the member who added them, for everyone', async () => {
  const { alice, bob, carol, tea } = await three();
  const dave = await town.join('dave');
  const ends = endsOf(tea, alice, bob, carol);
  await same(bob, tea).members.add([dave.handle]);
  await syncAll(alice, carol, dave);
  const content = { type: 'members-added', handles: [dave.handle] };
  for (const client of [alice, bob, carol]) {
    expect(await linesOf(client, tea, ends.get(client))).toEqual([
      { from: bob.handle, own: client === bob, content },
    ]);
  }
  expect(await linesOf(dave, tea)).toEqual([{ from: bob.handle, own: false, content }]);
});

test('whoever leaves has left by themselves, whoever commits it', async () => {
  const { alice, bob, carol, tea } = await three();
  const ends = endsOf(tea, alice, bob, carol);
  await same(bob, tea).leave();
  // The proposal is committed by whichever of the two is first to hear of it.
  await syncAll(alice, carol, bob);
  expect(same(bob, tea).state).toBe('left');
  for (const client of [alice, bob, carol]) {
    expect(await linesOf(client, tea, ends.get(client))).toEqual([
      { from: bob.handle, own: client === bob, content: { type: 'left', handle: bob.handle } },
    ]);
  }
});

test('whoever adds someone while another leaves has done only that', async () => {
  const { alice, bob, carol, tea } = await three();
  const dave = await town.join('dave');
  const ends = endsOf(tea, alice, bob, carol);
  await same(bob, tea).leave();
  await same(alice, tea).members.add([dave.handle]);
  await syncAll(carol, bob, alice, dave);
  for (const client of [alice, carol]) {
    const lines = await linesOf(client, tea, ends.get(client));
    expect(lines).toContainEqual({
      from: bob.handle,
      own: false,
      content: { type: 'left', handle: bob.handle },
    });
    expect(lines).toContainEqual({
      from: alice.handle,
      own: client === alice,
      content: { type: 'members-added', handles: [dave.handle] },
    });
    expect(lines.filter(({ content }) => content.type === 'members-removed')).toEqual([]);
  }
});

test('someone is removed by the member who removed them, for everyone', async () => {
  const { alice, bob, carol, tea } = await three();
  const ends = endsOf(tea, alice, bob, carol);
  await same(carol, tea).members.remove([bob.handle]);
  await syncAll(alice, bob);
  expect(same(bob, tea).state).toBe('removed');
  for (const client of [alice, bob, carol]) {
    expect(await linesOf(client, tea, ends.get(client))).toEqual([
      {
        from: carol.handle,
        own: client === carol,
        content: { type: 'members-removed', handles: [bob.handle] },
      },
    ]);
  }
});

test('a commit for nothing else is the healing of its committer', async () => {
  const { alice, bob, carol, tea } = await three();
  const ends = endsOf(tea, alice, bob, carol);
  await same(bob, tea).heal();
  await syncAll(alice, carol);
  for (const client of [alice, bob, carol]) {
    expect(await linesOf(client, tea, ends.get(client))).toEqual([
      { from: bob.handle, own: client === bob, content: { type: 'healed', handle: bob.handle } },
    ]);
  }
});

test('a newcomer learns the name, and nobody is said to have given it who has not', async () => {
  const { alice, bob, carol, tea } = await three({ name: 'Tea' });
  for (const guest of [bob, carol]) {
    expect((await linesOf(guest, tea)).slice(1)).toEqual([
      { from: alice.handle, own: false, content: { type: 'renamed', name: 'Tea' } },
    ]);
  }
  await same(carol, tea).rename('Cake');
  await syncAll(alice, bob);
  const dave = await town.join('dave');
  const ends = endsOf(tea, alice, bob, carol);
  await same(bob, tea).members.add([dave.handle]);
  await syncAll(alice, carol, dave);
  const content = { type: 'members-added', handles: [dave.handle] };
  expect(same(dave, tea).name).toBe('Cake');
  for (const client of [alice, bob, carol]) {
    expect(same(client, tea).name).toBe('Cake');
    expect((await linesOf(client, tea, ends.get(client))).map((line) => line.content)).toEqual([content]);
  }
  expect(await linesOf(dave, tea)).toEqual([{ from: bob.handle, own: false, content }]);

  // A name that is given later is a line again, for the newcomer too.
  await tea.rename('Scones');
  await syncAll(dave);
  expect((await linesOf(dave, tea)).at(-1)).toEqual({
    from: alice.handle,
    own: false,
    content: { type: 'renamed', name: 'Scones' },
  });
});

test('whoever comes in again learns the name that the conversation has by then', async () => {
  const { alice, bob, tea } = await three({ name: 'Tea' });
  await tea.members.remove([bob.handle]);
  await bob.sync();
  await tea.rename('Cake');
  await tea.members.add([bob.handle]);
  await syncAll(bob);
  expect(same(bob, tea).name).toBe('Cake');
  expect((await linesOf(bob, tea)).slice(-2)).toEqual([
    { from: alice.handle, own: false, content: { type: 'members-removed', handles: [bob.handle] } },
    { from: alice.handle, own: false, content: { type: 'members-added', handles: [bob.handle] } },
  ]);
});
